//! What a believed assertion says about a person, and what of it becomes the user's (auth.md 14).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::name_id;
use crate::model::profile::Profile;
use crate::model::user::Time;

const SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";

/// Names under which providers give the e-mail address, the best first.
const EMAIL_NAMES: [&str; 6] = [
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "http://schemas.xmlsoap.org/claims/EmailAddress",
    "mail",
    "Mail",
    "email",
];

/// A verified assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Its id, unique for its issuer.
    pub id: String,
    /// From when on it would be refused for its age.
    pub usable_until: Time,
    /// The subject's name.
    pub name_id: Option<NameId>,
    /// What is said about the subject.
    pub attributes: Vec<Attribute>,
    /// When the session at the provider ends.
    pub session_ends: Option<Time>,
}

/// A name of the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// What kind of name it is.
    pub format: String,
}

/// An attribute of the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub friendly_name: Option<String>,
    /// Its values; those that are not text are left out.
    pub values: Vec<String>,
}

/// Which attributes become which claims (`attribute_mapping` of a provider).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// By claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<BTreeMap<String, Source>>,
}

/// Where a claim comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The attribute's name, or its friendly name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Further names, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// The claim when no such attribute is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// All values, as a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub array: bool,
}

/// Claims that an identity keeps under their own names; the others are its `custom_claims`. Those that say who the person is
/// are missing here: the assertion decides them, not a mapping.
const STANDARD: [&str; 20] = [
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
    "updated_at",
    "phone",
    "full_name",
    "avatar_url",
    "slug",
    "user_name",
    "provider_id",
];

/// Claims that no mapping can set.
const RESERVED: [&str; 7] = [
    "iss",
    "sub",
    "email",
    "email_verified",
    "phone_verified",
    "provider_id",
    "custom_claims",
];

impl Assertion {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |attribute| {
                attribute.name == name || attribute.friendly_name.as_deref() == Some(name)
            })
            .flat_map(|attribute| attribute.values.iter().map(String::as_str))
    }

    /// The provider's lasting name for the person.
    pub fn subject(&self) -> Option<String> {
        // By its name alone: a name for people is whatever somebody typed.
        let mut ids = self
            .attributes
            .iter()
            .filter(|attribute| attribute.name == SUBJECT_ID)
            .flat_map(|attribute| &attribute.values);
        if let Some(id) = ids.next() {
            // Two ids are no id.
            return Some(id.clone()).filter(|id| !id.is_empty() && ids.next().is_none());
        }
        let name = self.name_id.as_ref().filter(|name| !name.value.is_empty())?;
        match name.format.as_str() {
            name_id::TRANSIENT => None,
            name_id::EMAIL => Some(name.value.to_lowercase()),
            _ => Some(name.value.clone()),
        }
    }

    /// The claims of a mapping.
    fn claims(&self, mapping: &Mapping) -> Map<String, Value> {
        let mut claims = Map::new();
        for (claim, source) in mapping.keys.iter().flatten() {
            let listed = source.names.iter().flatten().map(String::as_str);
            let names = source.name.as_deref().into_iter().chain(listed);
            let mut values = names
                .filter(|name| !name.is_empty())
                .flat_map(|name| self.values(name));
            let value = if source.array {
                let all: Vec<&str> = values.collect();
                (!all.is_empty()).then(|| json!(all))
            } else {
                values.next().map(|value| json!(value))
            };
            if let Some(value) = value.or_else(|| source.default.clone()) {
                claims.insert(claim.clone(), value);
            }
        }
        claims
    }

    /// The person's address: where the mapping says, else under a usual name, else as the subject's name.
    fn email(&self, claims: &Map<String, Value>) -> Option<String> {
        let mapped = claims.get("email").and_then(|value| match value {
            Value::Array(all) => all.first().and_then(Value::as_str),
            other => other.as_str(),
        });
        let usual = EMAIL_NAMES
            .into_iter()
            .find_map(|name| self.values(name).find(|value| !value.is_empty()));
        let name = self
            .name_id
            .as_ref()
            .filter(|name| name.format == name_id::EMAIL)
            .map(|name| name.value.as_str());
        let found = mapped.filter(|email| !email.is_empty()).or(usual).or(name)?;
        Some(found.trim().to_owned()).filter(|email| !email.is_empty())
    }

    /// The person, as identities of external providers are described.
    pub fn profile(&self, issuer: &str, subject: &str, mapping: &Mapping) -> Profile {
        let claims = self.claims(mapping);
        let email = self.email(&claims).unwrap_or_default();
        let mut profile = Profile::new(issuer, subject).with_email(&email, true, true);
        for (claim, value) in &claims {
            if RESERVED.contains(&claim.as_str()) {
                continue;
            }
            profile = match value.as_str() {
                Some(text) if STANDARD.contains(&claim.as_str()) => profile.with(claim, text),
                _ => profile.with_custom(claim, Some(value)),
            };
        }
        profile
    }
}
