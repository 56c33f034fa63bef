//! The claims of a custom provider as a [`Profile`]: mapped, and as far as they are allowed.

use serde_json::{Map, Value, json};

use crate::model::custom_provider::CustomProvider;
use crate::model::profile::Profile;

/// Claims that a profile has a place for. What is mapped to another name becomes a custom claim.
const PLACES: [&str; 22] = [
    "iss",
    "sub",
    "email",
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone",
    "full_name",
    "avatar_url",
    "slug",
    "user_name",
    "provider_id",
];

/// Reads a person.
pub(super) fn read(provider: &CustomProvider, raw: &Map<String, Value>) -> Profile {
    let mut claims = raw.clone();
    let mut further = Map::new();
    for (target, source) in &provider.attribute_mapping {
        let value = match source {
            Value::String(path) => find(raw, path).cloned(),
            fixed => Some(fixed.clone()),
        };
        let Some(value) = value else { continue };
        if PLACES.contains(&target.as_str()) {
            claims.insert(target.clone(), value);
        } else {
            further.insert(target.clone(), value);
        }
    }
    // Many number their people.
    if let Some(number) = claims.get("sub").filter(|sub| sub.is_number()) {
        claims.insert("sub".to_owned(), json!(number.to_string()));
    }
    let mut profile = Profile::from_claims(&claims);
    for (name, value) in &further {
        profile = profile.with_custom(name, Some(value));
    }
    for name in &provider.custom_claims_allowlist {
        profile = profile.with_custom(name, raw.get(name));
    }
    profile
}

/// The claim of this name, or the one that a dotted path leads to.
fn find<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    find(claims.get(first)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::custom_provider::Kind;
    use crate::model::user::Time;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn person(mapping: Value, allowed: &[&str], raw: Value) -> Value {
        let mut provider = CustomProvider::new(Uuid::nil(), Kind::OAuth2, "custom:a", Time::default());
        provider.attribute_mapping = object(mapping);
        provider.custom_claims_allowlist = allowed.iter().map(|&name| name.to_owned()).collect();
        Value::Object(read(&provider, &object(raw)).identity_data())
    }

    #[test]
    fn claims_are_mapped_and_only_allowed_ones_are_kept() {
        let raw = json!({
            "id": 7, "mail": "ada@example.com", "profile": {"display": {"name": "Ada"}}, "groups": ["a"], "nonce": "n",
            "email_verified": true, "dept": "r&d", "a.b": "exact",
        });
        let mapping = json!({
            "sub": "id", "email": "mail", "name": "profile.display.name", "department": "dept", "nickname": "a.b",
            "plan": {"level": 1}, "website": "absent",
        });
        assert_eq!(
            person(mapping, &["groups", "absent"], raw),
            json!({
                "sub": "7", "provider_id": "7", "email": "ada@example.com", "email_verified": true, "name": "Ada",
                "phone_verified": false, "nickname": "exact", "profile": {"display": {"name": "Ada"}},
                "custom_claims": {"groups": ["a"], "department": "r&d", "plan": {"level": 1}},
            })
        );
    }

    #[test]
    fn without_settings_the_standard_claims_count() {
        let raw = json!({"sub": "x", "email": "a@b.c", "groups": ["a"], "iss": "https://idp", "exp": 1});
        assert_eq!(
            person(json!({}), &[], raw),
            json!({
                "iss": "https://idp", "sub": "x", "provider_id": "x", "email": "a@b.c", "email_verified": false,
                "phone_verified": false,
            })
        );
        // A subject that is no text names nobody.
        assert_eq!(person(json!({}), &[], json!({"sub": ["x"]})).get("sub"), None);
    }
}
