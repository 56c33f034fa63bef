//! The `password` grant (auth.md 8.1).

use std::time::Instant;

use axum::http::StatusCode;
use futures_util::future::join;
use serde::Deserialize;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::aal::Method;
use crate::model::address;
use crate::model::user::User;
use crate::pace;
use crate::password_rules;
use crate::request::RequestInfo;
use crate::sign_in::{TokenResponse, open_session};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{sessions, users};

#[derive(Deserialize)]
pub(super) struct PasswordGrant {
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
}

/// One read, the hash, one write.
pub(super) async fn exchange(
    state: &State,
    info: &RequestInfo,
    body: PasswordGrant,
) -> Result<TokenResponse> {
    let started = Instant::now();
    let (provider, user) = find(state, info, &body).await?;
    let typed = body.password.unwrap_or_default();
    let Some(user) = user else {
        state.passwords.verify_unknown(typed).await?;
        return Err(invalid_credentials(started).await);
    };
    if user.is_banned(state.now()) {
        return Err(AuthError::bad_request(ErrorCode::UserBanned, "User is banned"));
    }
    let Some(stored) = user.encrypted_password.as_deref() else {
        state.passwords.verify_unknown(typed).await?;
        return Err(invalid_credentials(started).await);
    };
    let stored = state.vault.open(user.id, stored)?;
    let is_right = state.passwords.verify(stored, typed.clone()).await?;
    ask_hook(state, info, &user, is_right).await?;
    if !is_right {
        return Err(invalid_credentials(started).await);
    }
    check_confirmed(state, provider, &user)?;
    let audit = audit::payload(
        Action::Login,
        &user,
        Some(serde_json::json!({ "provider": provider })),
    );
    // The corpus of leaked passwords is asked meanwhile.
    let session = open_session(state, &state.pool, user, Method::Password, info, Some(audit));
    let (response, weakness) = join(session, password_rules::weakness(state, &typed)).await;
    Ok(response?.with_weak_password(weakness))
}

/// Whether the user, the password or both are wrong: one answer, at one time.
async fn invalid_credentials(started: Instant) -> AuthError {
    pace::to_grid(started).await;
    AuthError::bad_request(ErrorCode::InvalidCredentials, "Invalid login credentials")
}

/// The user that the address names, and the provider that it stands for.
async fn find(
    state: &State,
    info: &RequestInfo,
    body: &PasswordGrant,
) -> Result<(&'static str, Option<User>)> {
    let email = body.email.as_deref().filter(|email| !email.is_empty());
    let phone = body.phone.as_deref().filter(|phone| !phone.is_empty());
    match (email, phone) {
        (Some(_), Some(_)) => Err(AuthError::validation(
            "Only an email address or phone number should be provided on login.",
        )),
        (Some(_), None) if !state.config.email.enabled => Err(AuthError::unprocessable(
            ErrorCode::EmailProviderDisabled,
            "Email logins are disabled",
        )),
        (Some(email), None) => {
            let email = email.to_lowercase();
            Ok((
                "email",
                users::find_by_email(&state.pool.reads(), &email, &info.audience).await?,
            ))
        }
        (None, Some(_)) if !state.config.sms.enabled => Err(AuthError::unprocessable(
            ErrorCode::PhoneProviderDisabled,
            "Phone logins are disabled",
        )),
        (None, Some(phone)) => {
            let digits = address::phone_digits(phone);
            Ok((
                "phone",
                users::find_by_phone(&state.pool.reads(), &digits, &info.audience).await?,
            ))
        }
        (None, None) => Err(AuthError::validation("missing email or phone")),
    }
}

/// The hook hears every verdict and may refuse.
async fn ask_hook(state: &State, info: &RequestInfo, user: &User, is_right: bool) -> Result<()> {
    if !state.hooks.has_password_verification() {
        return Ok(());
    }
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let verdict = state
        .hooks
        .password_verification_attempt(&tx, user.id, is_right, info.ip)
        .await?;
    if verdict.rejected.is_some() && verdict.logout {
        sessions::delete_all(&tx, user.id).await?;
    }
    tx.commit().await?;
    match verdict.rejected {
        Some(message) => Err(AuthError::refused(
            StatusCode::BAD_REQUEST,
            ErrorCode::InvalidCredentials,
            message,
        )),
        None => Ok(()),
    }
}

fn check_confirmed(state: &State, provider: &str, user: &User) -> Result<()> {
    if provider == "email" && !user.is_email_confirmed() && !state.config.email.allow_unverified_sign_ins {
        return Err(AuthError::bad_request(
            ErrorCode::EmailNotConfirmed,
            "Email not confirmed",
        ));
    }
    if provider == "phone" && !user.is_phone_confirmed() {
        return Err(AuthError::bad_request(
            ErrorCode::PhoneNotConfirmed,
            "Phone not confirmed",
        ));
    }
    Ok(())
}
