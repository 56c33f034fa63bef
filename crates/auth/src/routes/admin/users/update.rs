//! `PUT /admin/users/{user_id}`: changes that need nobody's confirmation (auth.md 15.3).

use axum::Json;
use axum::extract::{Path, State as Shared};
use ferrobase_db::Transaction;

use super::{AdminUser, email_exists, phone_exists, taken};
use crate::addresses;
use crate::caller::{Admin, missing_user};
use crate::error::Result;
use crate::model::user::User;
use crate::password_rules;
use crate::request::Body;
use crate::state::State;
use crate::store::audit::Action;
use crate::store::{sessions, users};

pub(in crate::routes) async fn update(
    Shared(state): Shared<State>,
    admin: Admin,
    Path(user_id): Path<String>,
    Body(body): Body<AdminUser>,
) -> Result<Json<User>> {
    let found = super::find(&state.pool, &user_id).await?;
    let (email, phone) = body.addresses()?;
    if let Some(password) = &body.password {
        password_rules::check(&state, password).await?;
    }
    let banned_until = body.banned_until(state.now())?;
    let hash = body.hash(&state).await?;

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut user = users::lock(&tx, found.id).await?.ok_or_else(missing_user)?;
    if let Some(hash) = hash {
        user.encrypted_password = Some(state.vault.seal(user.id, &hash)?);
        sessions::delete_all(&tx, user.id).await?;
    }
    if let Some(role) = body.role.as_deref().filter(|role| !role.is_empty()) {
        role.clone_into(&mut user.role);
    }
    if let Some(until) = banned_until {
        user.banned_until = until;
    }
    set_email(
        &state,
        &tx,
        &mut user,
        email,
        body.email_confirm.unwrap_or_default(),
    )
    .await?;
    set_phone(
        &state,
        &tx,
        &mut user,
        phone,
        body.phone_confirm.unwrap_or_default(),
    )
    .await?;
    user.merge_app_metadata(&body.app_metadata.unwrap_or_default());
    user.merge_user_metadata(&body.user_metadata.unwrap_or_default());
    addresses::save_and_reload(&state, &tx, &mut user)
        .await
        .map_err(taken)?;
    super::audit(&state, &tx, &admin, Action::UserModified, &user).await?;
    tx.commit().await?;
    Ok(Json(user))
}

/// A new address keeps the time of the old one's confirmation unless it is confirmed too.
async fn set_email(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    email: Option<String>,
    confirm: bool,
) -> Result<()> {
    match email.filter(|email| email != user.email()) {
        Some(email) => {
            if users::is_email_taken(tx, &email, &user.aud, user.id).await? {
                return Err(email_exists());
            }
            addresses::replace_email(state, tx, user, &email, confirm).await
        }
        None if confirm && !user.email().is_empty() && !user.is_email_confirmed() => {
            addresses::confirm_email(state, tx, user).await
        }
        None => Ok(()),
    }
}

async fn set_phone(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    phone: Option<String>,
    confirm: bool,
) -> Result<()> {
    match phone.filter(|phone| phone != user.phone()) {
        Some(phone) => {
            if users::is_phone_taken(tx, &phone, &user.aud, user.id).await? {
                return Err(phone_exists());
            }
            addresses::replace_phone(state, tx, user, &phone, confirm).await
        }
        None if confirm && !user.phone().is_empty() && !user.is_phone_confirmed() => {
            addresses::confirm_phone(state, tx, user).await
        }
        None => Ok(()),
    }
}
