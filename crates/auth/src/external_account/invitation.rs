//! Accepting an invitation with an external identity (auth.md 12.1, `invite_token`).

use uuid::Uuid;

use super::{Arrival, Outcome, insert};
use crate::addresses;
use crate::error::{AuthError, ErrorCode, Result};
use crate::new_user;
use crate::store::audit::{self, Action};
use crate::store::{identities, one_time_tokens, users};

/// The invitation's secret came by mail to the address, so the provider need not vouch for it; but it must name it.
pub async fn accept(arrival: &Arrival<'_>, invited: Option<Uuid>) -> Result<Outcome> {
    let (state, tx) = (arrival.state, arrival.tx);
    let missing = || AuthError::not_found(ErrorCode::InviteNotFound, "Invite not found");
    let id = invited.ok_or_else(missing)?;
    let mut user = users::lock(tx, id).await?.ok_or_else(missing)?;
    let mut emails = arrival.profile.emails.iter();
    if user.email().is_empty() || !emails.any(|email| email.address == user.email()) {
        return Err(AuthError::validation(
            "Invited email does not match emails from external provider",
        ));
    }
    let subject = &arrival.profile.subject;
    if identities::find_by_subject(tx, arrival.provider, subject)
        .await?
        .is_some()
    {
        return Err(AuthError::unprocessable(
            ErrorCode::IdentityAlreadyExists,
            "Identity is already linked to another user",
        ));
    }
    insert(arrival, user.id).await?;
    user.merge_user_metadata(&arrival.profile.identity_data());
    new_user::confirm_email(state, &mut user);
    one_time_tokens::delete_all(tx, user.id).await?;
    addresses::refresh_providers(tx, &mut user).await?;
    addresses::save_and_reload(state, tx, &mut user).await?;
    let payload = audit::payload(Action::InviteAccepted, &user, Some(arrival.traits()));
    state.audit(tx, &payload, None).await?;
    Ok(Outcome::SignedIn {
        user: Box::new(user),
        is_new: false,
    })
}
