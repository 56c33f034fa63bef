//! Claims that a hook gives back must still be an access token's claims.

use serde_json::{Map, Value};

use crate::error::{AuthError, Result};

/// Whether a value has the right type.
type Test = fn(&Value) -> bool;

/// Claims that must be there, the test of their type, and its name.
const REQUIRED: [(&str, Test, &str); 10] = [
    ("aud", is_audience, "string or array"),
    ("exp", Value::is_number, "number"),
    ("iat", Value::is_number, "number"),
    ("sub", Value::is_string, "string"),
    ("email", Value::is_string, "string"),
    ("phone", Value::is_string, "string"),
    ("role", Value::is_string, "string"),
    ("aal", Value::is_string, "string"),
    ("session_id", Value::is_string, "string"),
    ("is_anonymous", Value::is_boolean, "boolean"),
];

fn is_audience(value: &Value) -> bool {
    value.is_string() || value.is_array()
}

pub(super) fn check(claims: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut wrong = Vec::new();
    for (name, is_right, expected) in REQUIRED {
        match claims.get(name) {
            None => wrong.push(format!("{name} is required")),
            Some(value) if !is_right(value) => wrong.push(format!("{name}: expected {expected}")),
            Some(_) => {}
        }
    }
    if wrong.is_empty() {
        return Ok(claims);
    }
    let list = wrong.join("\n- ");
    Err(AuthError::failed(format!(
        "output claims do not conform to the expected schema: \n- {list}"
    )))
}
