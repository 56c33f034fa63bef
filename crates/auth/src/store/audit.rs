//! `auth.audit_log_entries` (auth.md 19.6).

use std::net::IpAddr;

use ferrobase_db::{DbError, Executor, Json};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::user::{Time, User};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Sign-in.
    Login,
    /// Sign-out.
    Logout,
    /// Invitation accepted.
    InviteAccepted,
    /// New user.
    UserSignedUp,
    /// User invited.
    UserInvited,
    /// User deleted.
    UserDeleted,
    /// User changed.
    UserModified,
    /// Recovery or magic link asked for.
    UserRecoveryRequested,
    /// Reauthentication asked for.
    UserReauthenticateRequested,
    /// Confirmation asked for.
    UserConfirmationRequested,
    /// Sign-up with a known address.
    UserRepeatedSignup,
    /// Password changed.
    UserUpdatedPassword,
    /// Session refreshed.
    TokenRefreshed,
    /// Refresh token used up.
    TokenRevoked,
    /// Factor enrolled, not verified yet.
    FactorInProgress,
    /// Factor removed by its owner.
    FactorUnenrolled,
    /// Factor challenged.
    ChallengeCreated,
    /// Factor verified.
    VerificationAttempted,
    /// Factor removed by an administrator.
    FactorDeleted,
    /// Factor changed by an administrator.
    FactorUpdated,
    /// Recovery codes made.
    RecoveryCodesGenerated,
    /// Recovery codes replaced.
    RecoveryCodesRegenerated,
    /// Recovery code used.
    RecoveryCodesVerified,
    /// Recovery codes removed.
    RecoveryCodesDeleted,
    /// Identity added to a user.
    IdentityLinked,
    /// Identity removed from a user.
    IdentityUnlinked,
    /// Passkey registered.
    PasskeyCreated,
    /// Passkey renamed.
    PasskeyUpdated,
    /// Passkey removed.
    PasskeyDeleted,
}

impl Action {
    /// Action name and log type.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Login => ("login", "account"),
            Self::Logout => ("logout", "account"),
            Self::InviteAccepted => ("invite_accepted", "account"),
            Self::UserSignedUp => ("user_signedup", "team"),
            Self::UserInvited => ("user_invited", "team"),
            Self::UserDeleted => ("user_deleted", "team"),
            Self::UserModified => ("user_modified", "user"),
            Self::UserRecoveryRequested => ("user_recovery_requested", "user"),
            Self::UserReauthenticateRequested => ("user_reauthenticate_requested", "user"),
            Self::UserConfirmationRequested => ("user_confirmation_requested", "user"),
            Self::UserRepeatedSignup => ("user_repeated_signup", "user"),
            Self::UserUpdatedPassword => ("user_updated_password", "user"),
            Self::TokenRefreshed => ("token_refreshed", "token"),
            Self::TokenRevoked => ("token_revoked", "token"),
            Self::FactorInProgress => ("factor_in_progress", "factor"),
            Self::FactorUnenrolled => ("factor_unenrolled", "factor"),
            Self::ChallengeCreated => ("challenge_created", "factor"),
            Self::VerificationAttempted => ("verification_attempted", "factor"),
            Self::FactorDeleted => ("factor_deleted", "factor"),
            Self::FactorUpdated => ("factor_updated", "factor"),
            Self::RecoveryCodesGenerated => ("recovery_codes_generated", "factor"),
            Self::RecoveryCodesRegenerated => ("recovery_codes_regenerated", "factor"),
            Self::RecoveryCodesVerified => ("recovery_codes_verified", "factor"),
            Self::RecoveryCodesDeleted => ("recovery_codes_deleted", "factor"),
            Self::IdentityLinked => ("identity_linked", "user"),
            Self::IdentityUnlinked => ("identity_unlinked", "user"),
            Self::PasskeyCreated => ("passkey_created", "user"),
            Self::PasskeyUpdated => ("passkey_updated", "user"),
            Self::PasskeyDeleted => ("passkey_deleted", "user"),
        }
    }
}

/// Payload of an entry whose actor is a user.
pub fn payload(action: Action, actor: &User, traits: Option<Value>) -> Value {
    let (name, log_type) = action.names();
    let username = if actor.phone().is_empty() {
        actor.email()
    } else {
        actor.phone()
    };
    let mut payload = json!({
        "actor_id": actor.id, "actor_username": username, "actor_via_sso": actor.is_sso_user, "action": name, "log_type": log_type,
    });
    if let Some(full_name) = actor
        .user_metadata
        .get("full_name")
        .filter(|name| name.is_string())
    {
        payload["actor_name"] = full_name.clone();
    }
    if let Some(traits) = traits {
        payload["traits"] = traits;
    }
    payload
}

/// Payload of an entry whose actor is an administrator's token.
pub fn admin_payload(action: Action, role: &str, traits: Option<Value>) -> Value {
    let (name, log_type) = action.names();
    let mut payload = json!({
        "actor_id": Uuid::nil(), "actor_username": role, "actor_via_sso": false, "action": name, "log_type": log_type,
    });
    if let Some(traits) = traits {
        payload["traits"] = traits;
    }
    payload
}

/// Writes an entry. `ip` is only given for the events of section 6.
pub async fn insert(
    db: &impl Executor,
    id: Uuid,
    payload: &Value,
    now: Time,
    ip: Option<IpAddr>,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) \
         values ('00000000-0000-0000-0000-000000000000', $1, $2, $3, $4)";
    let ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
    db.execute(SQL, &[&id, &Json(payload), &now, &ip]).await?;
    Ok(())
}
