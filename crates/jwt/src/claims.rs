//! What a token says.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::{Map, Value};

/// The claims of a verified token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Claims {
    all: Map<String, Value>,
    /// Every request of a token sends the same text to the database.
    json: OnceLock<Arc<str>>,
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(all: Map<String, Value>) -> Self {
        Self {
            all,
            json: OnceLock::new(),
        }
    }
}

impl Claims {
    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// All of them.
    pub fn all(&self) -> &Map<String, Value> {
        &self.all
    }

    /// All of them as JSON, with `role` as the role, whatever the token calls it.
    pub fn json_for(&self, role: &str) -> Arc<str> {
        if self.role() == Some(role) {
            return Arc::clone(self.json.get_or_init(|| json(self.all.clone())));
        }
        let mut all = self.all.clone();
        all.insert("role".to_owned(), Value::from(role));
        json(all)
    }

    /// A claim that is a text.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }

    /// A claim that is a time in Unix seconds. Fractions are cut off (RFC 7519 §2 allows them).
    pub fn time(&self, name: &str) -> Option<i64> {
        let value = self.all.get(name)?;
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
        match self.all.get("aud")? {
            Value::String(audience) => Some(audience),
            Value::Array(all) => all.first().and_then(Value::as_str),
            _ => None,
        }
    }

    /// Whether the user is anonymous.
    pub fn is_anonymous(&self) -> bool {
        self.all
            .get("is_anonymous")
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }
}

fn json(all: Map<String, Value>) -> Arc<str> {
    Value::Object(all).to_string().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_the_one_that_was_found_out() {
        let claims: Claims = serde_json::from_str(r#"{"sub":"a","role":"zz"}"#).unwrap();
        assert_eq!(&*claims.json_for("zz"), r#"{"sub":"a","role":"zz"}"#);
        assert_eq!(&*claims.json_for("author"), r#"{"sub":"a","role":"author"}"#);
        assert_eq!(&*claims.json_for("zz"), r#"{"sub":"a","role":"zz"}"#);
    }
}
