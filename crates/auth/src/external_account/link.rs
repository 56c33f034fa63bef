//! Linking an external identity to the user who asks for it (auth.md section 13).

use serde_json::json;
use uuid::Uuid;

use super::{Arrival, Outcome, insert, send_confirmation};
use crate::addresses;
use crate::caller::banned;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::user::User;
use crate::new_user;
use crate::store::audit::{self, Action};
use crate::store::{identities, users};

/// Adds the identity to `target`. The outcome is that user, for a session.
pub async fn link(arrival: &Arrival<'_>, target: Uuid) -> Result<Outcome> {
    let (state, tx) = (arrival.state, arrival.tx);
    let missing = || AuthError::unprocessable(ErrorCode::UserNotFound, "Linking target user not found");
    let mut user = users::lock(tx, target).await?.ok_or_else(missing)?;
    if user.is_banned(state.now()) {
        return Err(banned());
    }
    let subject = &arrival.profile.subject;
    if let Some(known) = identities::find_by_subject(tx, arrival.provider, subject).await? {
        let message = if known.user_id == target {
            "Identity is already linked"
        } else {
            "Identity is already linked to another user"
        };
        return Err(AuthError::unprocessable(
            ErrorCode::IdentityAlreadyExists,
            message,
        ));
    }
    insert(arrival, target).await?;
    addresses::refresh_providers(tx, &mut user).await?;
    let refusal = if user.email().is_empty() {
        adopt_email(arrival, &mut user).await?
    } else {
        None
    };
    addresses::save_and_reload(state, tx, &mut user).await?;
    let traits = json!({ "provider": arrival.provider, "provider_id": subject });
    let payload = audit::payload(Action::IdentityLinked, &user, Some(traits));
    state.audit(tx, &payload, Some(arrival.info.ip)).await?;
    Ok(match refusal {
        Some(refusal) => Outcome::Refused(refusal),
        None => Outcome::SignedIn {
            user: Box::new(user),
            is_new: false,
        },
    })
}

/// A user without e-mail gets the identity's. With a proved one an anonymous user becomes a permanent one.
async fn adopt_email(arrival: &Arrival<'_>, user: &mut User) -> Result<Option<AuthError>> {
    let (state, tx) = (arrival.state, arrival.tx);
    let Some(email) = arrival.profile.email() else {
        user.is_anonymous = false;
        return Ok(None);
    };
    if users::is_email_taken(tx, &email.address, &user.aud, user.id).await? {
        return Err(AuthError::bad_request(
            ErrorCode::EmailExists,
            "A user with this email address has already been registered",
        ));
    }
    user.email = Some(email.address.clone());
    if email.verified || state.config.email.autoconfirm {
        new_user::confirm_email(state, user);
        user.is_anonymous = false;
        return Ok(None);
    }
    send_confirmation(arrival, user).await?;
    let provider = arrival.provider;
    let message = format!(
        "Unverified email with {provider}. A confirmation email has been sent to your {provider} email"
    );
    Ok(Some(AuthError::unprocessable(
        ErrorCode::EmailNotConfirmed,
        message,
    )))
}
