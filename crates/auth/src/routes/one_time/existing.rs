//! What sign-in links and recovery share: a mail to an existing user.

use axum::Json;
use serde_json::{Map, Value, json};

use crate::codes::{Flow, Issuer};
use crate::error::Result;
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;

/// `{}`: the answer that tells nothing.
pub(super) fn empty() -> Json<Value> {
    Json(Value::Object(Map::new()))
}

/// Mails that lead to a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Magic,
    Recovery,
}

/// Sends the link if the user exists. Says whether it does.
pub(super) async fn send(
    state: &State,
    info: &RequestInfo,
    email: &str,
    link: Link,
    flow: Option<&Flow>,
) -> Result<bool> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let Some(found) = users::find_by_email(&tx, email, &info.audience).await? else {
        return Ok(false);
    };
    let Some(mut user) = users::lock(&tx, found.id).await? else {
        return Ok(false);
    };
    let issuer = Issuer {
        state,
        tx: &tx,
        info,
        flow,
    };
    match link {
        Link::Magic => issuer.magic_link(&mut user).await?,
        Link::Recovery => issuer.recovery(&mut user).await?,
    }
    users::save(&tx, &mut user, state.now()).await?;
    let payload = audit::payload(
        Action::UserRecoveryRequested,
        &user,
        Some(json!({ "provider": "email" })),
    );
    state.audit(&tx, &payload, None).await?;
    tx.commit().await?;
    Ok(true)
}
