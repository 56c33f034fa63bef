//! The policy of a form: until when it counts and what its fields may say (§14).

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::s3::fault::Fault;

/// Fields that no condition has to name.
const FREE: [&str; 8] = [
    "policy",
    "file",
    "bucket",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-signature",
    "x-amz-security-token",
];

/// What the signer of a form allows.
#[derive(Debug)]
pub struct Policy {
    expiration: DateTime<Utc>,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
enum Condition {
    Is(String, String),
    StartsWith(String, String),
    Length(u64, u64),
}

#[derive(Deserialize)]
struct Document {
    expiration: DateTime<Utc>,
    conditions: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Object(Map<String, Value>),
    List(String, Value, Value),
}

impl Policy {
    /// From the field `policy`.
    pub fn read(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Fault::Policy("not readable".to_owned()).into())
    }

    fn parse(text: &str) -> Option<Self> {
        let document: Document = serde_json::from_slice(&BASE64.decode(text.as_bytes()).ok()?).ok()?;
        let mut conditions = Vec::new();
        for condition in document.conditions {
            match condition {
                Written::Object(pairs) => {
                    for (name, value) in pairs {
                        conditions.push(Condition::Is(name.to_ascii_lowercase(), text_of(&value)?));
                    }
                }
                Written::List(kind, name, value) => {
                    conditions.push(Condition::of(&kind.to_ascii_lowercase(), &name, &value)?);
                }
            }
        }
        Some(Self {
            expiration: document.expiration,
            conditions,
        })
    }

    /// Checks the fields, whose names are in lower case, `bucket` among them.
    pub fn check(&self, now: DateTime<Utc>, fields: &[(String, String)]) -> Result<()> {
        if self.expiration <= now {
            return Err(Fault::Expired.into());
        }
        let sent = |name: &str| {
            fields
                .iter()
                .find(|(known, _)| known == name)
                .map_or("", |(_, value)| value.as_str())
        };
        for condition in &self.conditions {
            let (name, holds) = match condition {
                Condition::Is(name, value) => (name, sent(name) == value),
                Condition::StartsWith(name, start) => (name, sent(name).starts_with(start.as_str())),
                Condition::Length(..) => continue,
            };
            if !holds {
                return Err(Fault::Policy(format!("the condition for {name} does not hold")).into());
            }
        }
        for (name, _) in fields {
            let is_free = FREE.contains(&name.as_str()) || name.starts_with("x-ignore-");
            if !is_free && !self.names(name) {
                return Err(Fault::Policy(format!("extra field {name}")).into());
            }
        }
        Ok(())
    }

    /// Fewest and most bytes of the file.
    pub fn lengths(&self) -> (u64, u64) {
        self.conditions
            .iter()
            .fold((0, u64::MAX), |(least, most), condition| match condition {
                Condition::Length(from, to) => (least.max(*from), most.min(*to)),
                _ => (least, most),
            })
    }

    fn names(&self, field: &str) -> bool {
        self.conditions.iter().any(|condition| match condition {
            Condition::Is(name, _) | Condition::StartsWith(name, _) => name == field,
            Condition::Length(..) => false,
        })
    }
}

impl Condition {
    fn of(kind: &str, name: &Value, value: &Value) -> Option<Self> {
        if kind == "content-length-range" {
            let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
            return Some(Self::Length(number(name)?, number(value)?));
        }
        let name = name.as_str()?.strip_prefix('$')?.to_ascii_lowercase();
        match kind {
            "eq" => Some(Self::Is(name, text_of(value)?)),
            "starts-with" => Some(Self::StartsWith(name, text_of(value)?)),
            _ => None,
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy() -> Policy {
        let document = json!({
            "expiration": "2030-01-01T00:00:00Z",
            "conditions": [
                { "bucket": "b" }, ["starts-with", "$key", "p/"], ["eq", "$Content-Type", "a/b"],
                ["content-length-range", 1, 10],
            ],
        });
        Policy::read(&BASE64.encode(document.to_string().as_bytes())).unwrap()
    }

    #[test]
    fn conditions() {
        let check = |fields: &[(&str, &str)]| {
            let fields: Vec<(String, String)> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            policy().check(DateTime::UNIX_EPOCH, &fields)
        };
        let right = [
            ("bucket", "b"),
            ("key", "p/x"),
            ("content-type", "a/b"),
            ("x-ignore-a", "1"),
        ];
        assert!(check(&right).is_ok());
        assert_eq!(policy().lengths(), (1, 10));
        for (at, wrong) in [
            (0, ("bucket", "c")),
            (1, ("key", "q/x")),
            (2, ("content-type", "a/c")),
            (3, ("x-amz-meta-a", "1")),
        ] {
            let mut fields = right;
            fields[at] = wrong;
            assert!(check(&fields).is_err(), "{wrong:?}");
        }
        let late = "2030-01-01T00:00:00Z".parse().unwrap();
        assert!(policy().check(late, &[]).is_err());
    }

    #[test]
    fn unreadable_ones() {
        let of = |document: Value| Policy::read(&BASE64.encode(document.to_string().as_bytes()));
        assert!(of(json!({ "conditions": [] })).is_err());
        let with =
            |condition: Value| of(json!({ "expiration": "2030-01-01T00:00:00Z", "conditions": [condition] }));
        for condition in [
            json!(["matches", "$key", "a"]),
            json!(["eq", "key", "a"]),
            json!({ "key": [] }),
        ] {
            assert!(with(condition.clone()).is_err(), "{condition}");
        }
        assert!(Policy::read("!").is_err());
    }
}
