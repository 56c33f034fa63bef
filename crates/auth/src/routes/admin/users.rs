//! `/admin/users` (auth.md 15.2, 15.3).

use chrono::TimeDelta;
use ferrobase_db::{DbError, Executor};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::caller::{Admin, path_uuid};
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::session::delta;
use crate::model::user::{Time, User};
use crate::model::{address, go_duration};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;

pub(in crate::routes) mod create;
pub(in crate::routes) mod delete;
pub(in crate::routes) mod list;
pub(in crate::routes) mod show;
pub(in crate::routes) mod update;

/// What an administrator may say about a user.
#[derive(Deserialize)]
pub(in crate::routes) struct AdminUser {
    id: Option<String>,
    aud: Option<String>,
    role: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    password_hash: Option<String>,
    email_confirm: Option<bool>,
    phone_confirm: Option<bool>,
    user_metadata: Option<Map<String, Value>>,
    app_metadata: Option<Map<String, Value>>,
    ban_duration: Option<String>,
}

impl AdminUser {
    /// Both addresses, checked.
    fn addresses(&self) -> Result<(Option<String>, Option<String>)> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let email = given(&self.email)
            .map(|email| address::email(&email))
            .transpose()?;
        let phone = given(&self.phone)
            .map(|phone| address::phone(&phone))
            .transpose()?;
        Ok((email, phone))
    }

    /// The end of the ban: outer `None` = not mentioned, inner `None` = lifted.
    fn banned_until(&self, now: Time) -> Result<Option<Option<Time>>> {
        let Some(duration) = self
            .ban_duration
            .as_deref()
            .filter(|duration| !duration.is_empty())
        else {
            return Ok(None);
        };
        if duration == "none" {
            return Ok(Some(None));
        }
        let until =
            go_duration::parse(duration).and_then(|duration| now.checked_add_signed(limited(duration)));
        until.map(|until| Some(Some(until))).ok_or_else(|| {
            AuthError::validation(format!(
                "Invalid format for ban duration: time: invalid duration {duration:?}"
            ))
        })
    }

    /// The hash of the password, or the hash that was given; `None` = neither.
    async fn hash(&self, state: &State) -> Result<Option<String>> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        match (given(&self.password), given(&self.password_hash)) {
            (Some(_), Some(_)) => Err(AuthError::validation(
                "Only a password or a password hash should be provided",
            )),
            (Some(password), None) => state.passwords.hash(password).await.map(Some),
            (None, Some(hash)) if !crate::passwords::Passwords::recognises(&hash) => {
                Err(AuthError::validation("The password hash is of no known kind"))
            }
            (None, hash) => Ok(hash),
        }
    }
}

/// A hundred years: more is for ever.
fn limited(duration: std::time::Duration) -> TimeDelta {
    delta(duration).min(TimeDelta::days(36_500))
}

async fn find(db: &impl Executor, user_id: &str) -> Result<User> {
    let id = path_uuid(user_id, "user_id")?;
    users::find(db, id)
        .await?
        .ok_or_else(|| AuthError::not_found(ErrorCode::UserNotFound, "User not found"))
}

async fn audit(state: &State, db: &impl Executor, admin: &Admin, action: Action, user: &User) -> Result<()> {
    let traits = json!({ "user_id": user.id, "user_email": user.email(), "user_phone": user.phone() });
    let payload = audit::admin_payload(action, admin.claims.role().unwrap_or_default(), Some(traits));
    state.audit(db, &payload, None).await
}

/// A violated uniqueness is a taken address, whoever came first.
pub(super) fn taken(error: AuthError) -> AuthError {
    let AuthError::Database { source, .. } = &error else {
        return error;
    };
    match unique_constraint(source) {
        Some("users_email_partial_key") => email_exists(),
        Some("users_phone_key") => phone_exists(),
        _ => error,
    }
}

fn unique_constraint(error: &DbError) -> Option<&str> {
    error.constraint().filter(|_| error.sqlstate() == Some("23505"))
}

pub(super) fn email_exists() -> AuthError {
    AuthError::unprocessable(
        ErrorCode::EmailExists,
        "A user with this email address has already been registered",
    )
}

fn phone_exists() -> AuthError {
    AuthError::unprocessable(
        ErrorCode::PhoneExists,
        "Phone number already registered by another user",
    )
}
