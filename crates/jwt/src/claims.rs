//! What a token says.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The claims of a verified token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(pub Map<String, Value>);

impl Claims {
    /// A claim that is a text.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A claim that is a time in Unix seconds. Fractions are cut off (RFC 7519 §2 allows them).
    pub fn time(&self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        #[allow(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        value
            .as_i64()
            .or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// The user.
    pub fn sub(&self) -> Option<&str> {
        self.str("sub")
    }

    /// The database role.
    pub fn role(&self) -> Option<&str> {
        self.str("role")
    }

    /// The session.
    pub fn session_id(&self) -> Option<&str> {
        self.str("session_id")
    }

    /// The assurance level.
    pub fn aal(&self) -> Option<&str> {
        self.str("aal")
    }

    /// The first audience.
    pub fn aud(&self) -> Option<&str> {
        match self.0.get("aud")? {
            Value::String(audience) => Some(audience),
            Value::Array(all) => all.first().and_then(Value::as_str),
            _ => None,
        }
    }

    /// Whether the user is anonymous.
    pub fn is_anonymous(&self) -> bool {
        self.0
            .get("is_anonymous")
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }
}
