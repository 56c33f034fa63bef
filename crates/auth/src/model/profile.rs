//! What an external provider says about a person (auth.md 12.5), in one shape for all of them.

use serde_json::{Map, Value, json};

/// An e-mail address that the provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileEmail {
    /// Lower case.
    pub address: String,
    /// The provider vouches that the person owns it.
    pub verified: bool,
    /// The one the person prefers.
    pub primary: bool,
}

/// A person as the provider describes them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The provider's stable name for the person.
    pub subject: String,
    /// Addresses in the provider's order.
    pub emails: Vec<ProfileEmail>,
    /// Claims under their OpenID Connect names, and the original's older names beside them.
    claims: Map<String, Value>,
    /// What has no standard name.
    custom: Map<String, Value>,
}

/// Claims of an ID token that are taken over as they are.
const STANDARD: [&str; 19] = [
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
];

impl Profile {
    /// A person at an issuer.
    pub fn new(issuer: &str, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        let profile = Self {
            subject: subject.clone(),
            ..Self::default()
        };
        profile
            .with("iss", issuer)
            .with("sub", &subject)
            .with("provider_id", &subject)
    }

    /// The person of an ID token, with all standard claims and its e-mail as far as it says that it is verified.
    pub fn from_claims(claims: &Map<String, Value>) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut profile = Self::new(text("iss"), text("sub"));
        for name in STANDARD {
            if let Some(value) = claims.get(name).filter(|value| !is_empty(value)) {
                profile.claims.insert(name.to_owned(), value.clone());
            }
        }
        profile.with_email(text("email"), is_true(claims.get("email_verified")), true)
    }

    /// Adds a claim; an empty one is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.claims.insert(name.to_owned(), json!(value));
        }
        self
    }

    /// The full name.
    #[must_use]
    pub fn with_name(self, name: &str) -> Self {
        self.with("name", name.trim()).with("full_name", name.trim())
    }

    /// The picture.
    #[must_use]
    pub fn with_picture(self, url: &str) -> Self {
        self.with("picture", url).with("avatar_url", url)
    }

    /// A claim without a standard name; nothing empty is kept.
    #[must_use]
    pub fn with_custom(mut self, name: &str, value: Option<&Value>) -> Self {
        if let Some(value) = value.filter(|value| !is_empty(value)) {
            self.custom.insert(name.to_owned(), value.clone());
        }
        self
    }

    /// An address. One whose letters have look-alikes that fold onto ASCII is left out: `K` (Kelvin) would become `k`
    /// in the database and find somebody else's account.
    #[must_use]
    pub fn with_email(mut self, address: &str, verified: bool, primary: bool) -> Self {
        let address = address.trim();
        let lower = address.to_ascii_lowercase();
        let usable = lower.contains('@') && lower == address.to_lowercase();
        if usable && !self.emails.iter().any(|known| known.address == lower) {
            self.emails.push(ProfileEmail {
                address: lower,
                verified,
                primary,
            });
        }
        self
    }

    /// The address that stands for the person: the primary one, else the last.
    pub fn email(&self) -> Option<&ProfileEmail> {
        let primary = self.emails.iter().rfind(|email| email.primary);
        primary.or_else(|| self.emails.last())
    }

    /// Addresses that count as proved; all of them where the project asks for no proof.
    pub fn proved_emails(&self, none_needs_proof: bool) -> Vec<String> {
        let proved = self
            .emails
            .iter()
            .filter(|email| email.verified || none_needs_proof);
        proved.map(|email| email.address.clone()).collect()
    }

    /// What the identity stores, and what goes into the user's metadata (auth.md 4.2).
    pub fn identity_data(&self) -> Map<String, Value> {
        let mut data = self.claims.clone();
        if let Some(email) = self.email() {
            data.insert("email".to_owned(), json!(email.address));
        }
        let verified = self.email().is_some_and(|email| email.verified);
        data.insert("email_verified".to_owned(), json!(verified));
        data.insert("phone_verified".to_owned(), json!(false));
        if !self.custom.is_empty() {
            data.insert("custom_claims".to_owned(), Value::Object(self.custom.clone()));
        }
        data
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// `true`, or one of the texts that providers write for it.
pub fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::String(text)) => text == "true" || text == "1",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_data_speaks_of_the_primary_address() {
        let profile = Profile::new("https://idp", "7")
            .with_name(" Ada ")
            .with("locale", "")
            .with_email("old@example.com", true, false)
            .with_email("Ada@Example.com", false, true)
            .with_custom("hd", Some(&json!("example.com")))
            .with_custom("none", Some(&Value::Null));
        assert_eq!(
            Value::Object(profile.identity_data()),
            json!({
                "iss": "https://idp", "sub": "7", "provider_id": "7", "name": "Ada", "full_name": "Ada",
                "email": "ada@example.com", "email_verified": false, "phone_verified": false,
                "custom_claims": {"hd": "example.com"},
            })
        );
        assert_eq!(profile.proved_emails(false), ["old@example.com"]);
        assert_eq!(profile.proved_emails(true).len(), 2);
    }

    #[test]
    fn addresses_that_fold_onto_others_are_no_addresses() {
        let profile = Profile::new("i", "s")
            .with_email("\u{212a}evin@example.com", true, true)
            .with_email("nobody", true, true);
        assert!(profile.emails.is_empty() && profile.email().is_none());
        assert_eq!(profile.identity_data().get("email_verified"), Some(&json!(false)));
    }

    #[test]
    fn claims_of_an_id_token_are_taken_over() {
        let Value::Object(claims) = json!({
            "iss": "https://idp", "sub": "7", "email": "a@b.c", "email_verified": "true", "name": "Ada", "aud": "x", "exp": 1
        }) else {
            return;
        };
        let profile = Profile::from_claims(&claims);
        assert!(profile.emails[0].verified);
        assert!(profile.identity_data().get("aud").is_none());
        assert_eq!(profile.identity_data().get("name"), Some(&json!("Ada")));
    }
}
