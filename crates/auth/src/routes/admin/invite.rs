//! `POST /invite`: a user who will choose a password by the link of a mail (auth.md 15.4).

use axum::Json;
use axum::extract::State as Shared;
use ferrobase_db::Transaction;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::users::{email_exists, taken};
use crate::caller::{Admin, missing_user};
use crate::codes::Issuer;
use crate::error::Result;
use crate::model::address;
use crate::model::user::User;
use crate::new_user::{self, Address, NewIdentity};
use crate::request::{Body, RequestInfo};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;

#[derive(Deserialize)]
pub(in crate::routes) struct Invitation {
    email: Option<String>,
    data: Option<Map<String, Value>>,
}

pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    admin: Admin,
    info: RequestInfo,
    Body(body): Body<Invitation>,
) -> Result<Json<User>> {
    let email = address::email(body.email.as_deref().unwrap_or_default())?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut user = match users::find_by_email(&tx, &email, &info.audience).await? {
        Some(user) => users::lock(&tx, user.id).await?.ok_or_else(missing_user)?,
        None => register(&state, &tx, &info, email, body.data.unwrap_or_default()).await?,
    };
    if user.is_email_confirmed() {
        return Err(email_exists());
    }
    let issuer = Issuer {
        state: &state,
        tx: &tx,
        info: &info,
        flow: None,
    };
    issuer.invitation(&mut user).await?;
    users::save(&tx, &mut user, state.now()).await?;
    let traits = json!({ "user_id": user.id, "user_email": user.email() });
    let role = admin.claims.role().unwrap_or_default();
    let payload = audit::admin_payload(Action::UserInvited, role, Some(traits));
    state.audit(&tx, &payload, None).await?;
    tx.commit().await?;
    Ok(Json(user))
}

/// A user without a password. What was invited with goes into the identity too, as at a sign-up.
async fn register(
    state: &State,
    tx: &Transaction<'_>,
    info: &RequestInfo,
    email: String,
    data: Map<String, Value>,
) -> Result<User> {
    let mut user = new_user::with_address(state, info, &Address::Email(email), data.clone());
    let mut identity = data;
    identity.extend(new_user::identity_data(&user, "email", false));
    let identities = [NewIdentity::of_address("email", identity)];
    new_user::store(state, tx, &mut user, &identities, info.ip)
        .await
        .map_err(taken)?;
    Ok(user)
}
