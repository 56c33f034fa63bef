//! `email_data`: what the send_email hook is told about a mail (auth.md section 18).

use serde_json::{Value, json};

use super::{Codes, MailKind, Notification};
use crate::config::AuthConfig;

/// A mail with one code, or the two of a double confirmation: then `first` belongs to the current address, and the names
/// are crossed as in the original.
pub(super) fn codes(
    config: &AuthConfig,
    kind: MailKind,
    first: Codes<'_>,
    new: Option<Codes<'_>>,
    redirect_to: &str,
) -> Value {
    let (token_new, hash, hash_new) = match new {
        Some(new) => (new.code, new.hash, first.hash),
        None => ("", first.hash, ""),
    };
    let mut data = empty(config, kind.link_type());
    data["token"] = json!(first.code);
    data["token_hash"] = json!(hash);
    data["redirect_to"] = json!(redirect_to);
    data["token_new"] = json!(token_new);
    data["token_hash_new"] = json!(hash_new);
    data
}

/// A notification: no codes, but what changed.
pub(super) fn notification(config: &AuthConfig, notification: Notification<'_>) -> Value {
    let mut data = empty(config, &format!("{}_notification", notification.name()));
    match notification {
        Notification::PasswordChanged => {}
        Notification::EmailChanged { old_email } => data["old_email"] = json!(old_email),
        Notification::PhoneChanged { old_phone } => data["old_phone"] = json!(old_phone),
        Notification::MfaFactorEnrolled { factor_type }
        | Notification::MfaFactorUnenrolled { factor_type } => {
            data["factor_type"] = json!(factor_type);
        }
        Notification::IdentityLinked { provider } | Notification::IdentityUnlinked { provider } => {
            data["provider"] = json!(provider);
        }
    }
    data
}

/// All fields are always there. `site_url` is where the API is, as in the original.
fn empty(config: &AuthConfig, action: &str) -> Value {
    json!({
        "token": "", "token_hash": "", "redirect_to": "", "email_action_type": action,
        "site_url": config.external_url.as_str(), "token_new": "", "token_hash_new": "",
        "old_email": "", "old_phone": "", "provider": "", "factor_type": "",
    })
}
