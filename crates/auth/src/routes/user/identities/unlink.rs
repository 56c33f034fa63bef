//! `DELETE /user/identities/{identity_id}` (auth.md section 13).

use axum::Json;
use axum::extract::{FromRequestParts, Path, Request, State as Shared};
use axum::http::StatusCode;
use ferrobase_db::Transaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::check_enabled;
use crate::addresses;
use crate::caller::{Authenticated, missing_user, path_uuid};
use crate::error::{AuthError, ErrorCode, Result};
use crate::mail::Notification;
use crate::model::identity::{self, Identity};
use crate::model::user::User;
use crate::request::audience;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{identities, one_time_tokens, users};

pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    Path(identity_id): Path<String>,
    request: Request,
) -> Result<Json<Value>> {
    let (mut parts, _) = request.into_parts();
    let caller = Authenticated::from_request_parts(&mut parts, &state).await?;
    check_enabled(&state)?;
    let identity_id = path_uuid(&identity_id, "identity_id")?;
    if caller.bearer.claims.aud().unwrap_or_default() != audience(&parts, &state) {
        return Err(AuthError::forbidden(
            ErrorCode::UnexpectedAudience,
            "Token audience doesn't match request audience",
        ));
    }
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    // The lock keeps two requests from removing the last two identities at once.
    let mut user = users::lock(&tx, caller.user.id).await?.ok_or_else(missing_user)?;
    let (removed, remaining) = split(identities::of_user(&tx, user.id).await?, identity_id)?;
    identities::delete(&tx, user.id, removed.id).await?;
    if removed.provider == "phone" {
        user.phone = None;
        user.phone_confirmed_at = None;
        forget_what_was_sent(&tx, &mut user).await?;
    } else {
        choose_email(&tx, &mut user, &remaining).await?;
    }
    addresses::refresh_providers(&tx, &mut user).await?;
    users::save(&tx, &mut user, state.now()).await?;
    let traits = json!({
        "identity_id": removed.id, "provider": removed.provider, "provider_id": removed.provider_id,
    });
    let payload = audit::payload(Action::IdentityUnlinked, &user, Some(traits));
    state.audit(&tx, &payload, None).await?;
    tx.commit().await?;
    let provider = removed.provider.as_str();
    // Told to the address that the user had: the new one may not be theirs alone.
    let told = caller.user.to_value();
    state
        .mailer
        .notify(&told, Notification::IdentityUnlinked { provider })
        .await;
    Ok(Json(json!({})))
}

/// The identity that goes, and those that stay.
fn split(all: Vec<Identity>, id: Uuid) -> Result<(Identity, Vec<Identity>)> {
    if all.len() <= 1 {
        return Err(AuthError::unprocessable(
            ErrorCode::SingleIdentityNotDeletable,
            "User must have at least 1 identity after unlinking",
        ));
    }
    let (mut removed, remaining): (Vec<_>, Vec<_>) = all.into_iter().partition(|identity| identity.id == id);
    let removed = removed.pop().ok_or_else(|| {
        AuthError::refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::IdentityNotFound,
            "Identity doesn't exist",
        )
    })?;
    Ok((removed, remaining))
}

/// The user's e-mail is one that an identity stands for. The first that nobody else has is taken.
async fn choose_email(tx: &Transaction<'_>, user: &mut User, remaining: &[Identity]) -> Result<()> {
    let candidates = identity::by_trust(remaining, user.email());
    let mut chosen = None;
    for candidate in &candidates {
        let email = candidate.email.as_deref().unwrap_or_default();
        let owner = users::find_by_email(tx, email, &user.aud).await?;
        if owner.is_none_or(|owner| owner.id == user.id) {
            chosen = Some((email, candidate.is_email_verified()));
            break;
        }
    }
    if chosen.is_none() && !candidates.is_empty() {
        return Err(AuthError::unprocessable(
            ErrorCode::EmailConflictIdentityNotDeletable,
            "Unable to unlink identity due to email conflict",
        ));
    }
    let (email, is_verified) = chosen.unwrap_or_default();
    if email == user.email() {
        return Ok(());
    }
    user.email = Some(email.to_owned()).filter(|email| !email.is_empty());
    if !is_verified {
        user.email_confirmed_at = None;
    }
    forget_what_was_sent(tx, user).await
}

/// What was sent to an address that is the user's no more must not open the account.
async fn forget_what_was_sent(tx: &Transaction<'_>, user: &mut User) -> Result<()> {
    user.clear_pending_tokens();
    user.email_change.clear();
    Ok(one_time_tokens::delete_all(tx, user.id).await?)
}
