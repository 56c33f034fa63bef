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
