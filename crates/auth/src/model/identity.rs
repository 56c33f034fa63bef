//! Identities: the ways a user is known to e-mail, phone and providers (auth.md 4.2).

use serde_json::{Map, Value};
use uuid::Uuid;

use super::user::Time;

/// A row of `auth.identities`.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Primary key; `identity_id` on the wire.
    pub id: Uuid,
    /// The provider's subject.
    pub provider_id: String,
    /// Owner.
    pub user_id: Uuid,
    /// `email`, `phone`, or the name of a provider.
    pub provider: String,
    /// What the provider says about the user.
    pub data: Map<String, Value>,
    /// The e-mail within, lower case (a generated column).
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Time,
}

impl Identity {
    /// Whether the provider vouches for the e-mail.
    pub fn is_email_verified(&self) -> bool {
        self.data.get("email_verified").and_then(Value::as_bool) == Some(true)
    }
}

/// The identities with an e-mail, the ones to trust first: verified before unverified, the one with the current e-mail
/// before others, older before newer.
pub fn by_trust<'a>(all: &'a [Identity], current_email: &str) -> Vec<&'a Identity> {
    let mut with_email: Vec<&Identity> = all
        .iter()
        .filter(|identity| identity.email.as_deref().is_some_and(|email| !email.is_empty()))
        .collect();
    with_email.sort_by_key(|identity| {
        (
            !identity.is_email_verified(),
            identity.email.as_deref() != Some(current_email),
            identity.created_at,
            identity.id,
        )
    });
    with_email
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use serde_json::json;

    use super::*;

    fn identity(email: &str, is_verified: bool, age: i64) -> Identity {
        Identity {
            id: Uuid::nil(),
            provider_id: String::new(),
            user_id: Uuid::nil(),
            provider: "github".to_owned(),
            data: Map::from_iter([("email_verified".to_owned(), json!(is_verified))]),
            email: Some(email.to_owned()).filter(|email| !email.is_empty()),
            created_at: DateTime::UNIX_EPOCH - TimeDelta::seconds(age),
        }
    }

    #[test]
    fn the_most_trusted_identity_comes_first() {
        let all = [
            identity("unverified@x", false, 9),
            identity("young@x", true, 1),
            identity("old@x", true, 5),
            identity("", true, 8),
        ];
        let order = |current| {
            by_trust(&all, current)
                .iter()
                .filter_map(|identity| identity.email.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(order(""), ["old@x", "young@x", "unverified@x"]);
        assert_eq!(order("young@x"), ["young@x", "old@x", "unverified@x"]);
        // An unverified e-mail does not become more trustworthy by being in use.
        assert_eq!(order("unverified@x"), ["old@x", "young@x", "unverified@x"]);
    }
}
