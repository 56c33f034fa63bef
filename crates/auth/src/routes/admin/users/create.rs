//! `POST /admin/users`: a user without sign-up (auth.md 15.2). No mail is sent and the password rules do not apply.

use axum::Json;
use axum::extract::State as Shared;
use ferrobase_db::Transaction;
use uuid::Uuid;

use super::{AdminUser, email_exists, phone_exists, taken};
use crate::caller::Admin;
use crate::error::{AuthError, Result};
use crate::model::password;
use crate::model::user::User;
use crate::new_user::{self, NewIdentity};
use crate::request::{Body, RequestInfo};
use crate::state::State;
use crate::store::audit::Action;
use crate::store::users;

pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    admin: Admin,
    info: RequestInfo,
    Body(body): Body<AdminUser>,
) -> Result<Json<User>> {
    let (email, phone) = body.addresses()?;
    if email.is_none() && phone.is_none() {
        return Err(AuthError::validation(
            "Cannot create a user without either an email or phone",
        ));
    }
    let id = id(&state, &body)?;
    password::check_length(body.password.as_deref().unwrap_or_default())?;
    let banned_until = body.banned_until(state.now())?;
    let hash = match body.hash(&state).await? {
        Some(hash) => hash,
        None => state.passwords.unusable(),
    };
    let audience = body
        .aud
        .as_deref()
        .filter(|aud| !aud.is_empty())
        .unwrap_or(&info.audience);
    let role = body
        .role
        .as_deref()
        .filter(|role| !role.is_empty())
        .unwrap_or(&state.config.default_role);
    let mut user = User::new(id, audience, role, state.now());
    (user.email, user.phone) = (email, phone);
    user.encrypted_password = Some(state.vault.seal(id, &hash)?);
    user.banned_until = banned_until.flatten();
    let identities = describe(&state, &mut user, body);

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    check_taken(&tx, &user).await?;
    new_user::store(&state, &tx, &mut user, &identities, info.ip)
        .await
        .map_err(taken)?;
    super::audit(&state, &tx, &admin, Action::UserSignedUp, &user).await?;
    tx.commit().await?;
    Ok(Json(user))
}

/// The id that was asked for, or a random one.
fn id(state: &State, body: &AdminUser) -> Result<Uuid> {
    let Some(text) = body.id.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(state.random.uuid());
    };
    let id = Uuid::parse_str(text)
        .map_err(|error| AuthError::validation(format!("ID must conform to the uuid v4 format: {error}")))?;
    if id.is_nil() {
        return Err(AuthError::validation("ID cannot be a nil uuid"));
    }
    Ok(id)
}

/// Metadata and confirmations; the identities that follow from the addresses.
fn describe(state: &State, user: &mut User, body: AdminUser) -> Vec<NewIdentity> {
    let mut identities = Vec::with_capacity(2);
    for (provider, is_there, is_confirmed) in [
        (
            "email",
            user.email.is_some(),
            body.email_confirm.unwrap_or_default(),
        ),
        (
            "phone",
            user.phone.is_some(),
            body.phone_confirm.unwrap_or_default(),
        ),
    ] {
        if is_there {
            let data = new_user::identity_data(user, provider, is_confirmed);
            identities.push(NewIdentity::of_address(provider, data));
        }
    }
    let providers: Vec<&str> = identities
        .iter()
        .map(|identity| identity.provider.as_str())
        .collect();
    user.app_metadata = new_user::providers(&providers);
    user.app_metadata.extend(body.app_metadata.unwrap_or_default());
    user.user_metadata = body.user_metadata.unwrap_or_default();
    if user.email.is_some() && body.email_confirm.unwrap_or_default() {
        new_user::confirm_email(state, user);
    }
    if user.phone.is_some() && body.phone_confirm.unwrap_or_default() {
        new_user::confirm_phone(state, user);
    }
    identities
}

async fn check_taken(tx: &Transaction<'_>, user: &User) -> Result<()> {
    if !user.email().is_empty() && users::is_email_taken(tx, user.email(), &user.aud, user.id).await? {
        return Err(email_exists());
    }
    if !user.phone().is_empty() && users::is_phone_taken(tx, user.phone(), &user.aud, user.id).await? {
        return Err(phone_exists());
    }
    Ok(())
}
