//! What an administrator sends about a provider: everything of a new one, or what changes. Checked here as far as it can
//! be without asking anybody.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{CustomProvider, Kind, check_identifier};
use crate::error::{AuthError, Result};

/// Parameters of an authorization URL that are this server's.
const RESERVED: [&str; 9] = [
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "nonce",
];
/// What of a user no provider may say.
const PROTECTED: [&str; 13] = [
    "id",
    "aud",
    "role",
    "app_metadata",
    "created_at",
    "updated_at",
    "confirmed_at",
    "email_confirmed_at",
    "phone_confirmed_at",
    "email_verified",
    "phone_verified",
    "banned_until",
    "is_super_admin",
];
/// Most entries of a list or map, longest entry in characters (bounds of ours), longest secret in bytes.
const MOST: usize = 100;
const LONGEST: usize = 500;
const LONGEST_SECRET: usize = 4096;

/// A request body. Absent and `null` are the same: the default of a new provider, no change of an old one.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Changes {
    /// `oauth2` or `oidc`; cannot be changed.
    pub provider_type: Option<String>,
    /// `custom:<name>`; cannot be changed.
    pub identifier: Option<String>,
    /// [`CustomProvider::name`].
    pub name: Option<String>,
    /// [`CustomProvider::client_id`].
    pub client_id: Option<String>,
    /// The secret itself.
    pub client_secret: Option<String>,
    /// [`CustomProvider::acceptable_client_ids`].
    pub acceptable_client_ids: Option<Vec<String>>,
    /// [`CustomProvider::scopes`].
    pub scopes: Option<Vec<String>>,
    /// [`CustomProvider::pkce_enabled`].
    pub pkce_enabled: Option<bool>,
    /// [`CustomProvider::attribute_mapping`].
    pub attribute_mapping: Option<Map<String, Value>>,
    /// [`CustomProvider::custom_claims_allowlist`].
    pub custom_claims_allowlist: Option<Vec<String>>,
    /// [`CustomProvider::authorization_params`].
    pub authorization_params: Option<Map<String, Value>>,
    /// [`CustomProvider::enabled`].
    pub enabled: Option<bool>,
    /// [`CustomProvider::email_optional`].
    pub email_optional: Option<bool>,
    /// [`CustomProvider::issuer`].
    pub issuer: Option<String>,
    /// [`CustomProvider::discovery_url`]; "" takes it away.
    pub discovery_url: Option<String>,
    /// [`CustomProvider::skip_nonce_check`].
    pub skip_nonce_check: Option<bool>,
    /// [`CustomProvider::authorization_url`].
    pub authorization_url: Option<String>,
    /// [`CustomProvider::token_url`].
    pub token_url: Option<String>,
    /// [`CustomProvider::userinfo_url`].
    pub userinfo_url: Option<String>,
    /// [`CustomProvider::jwks_uri`]; "" takes it away.
    pub jwks_uri: Option<String>,
}

impl Changes {
    /// The protocol of a new provider.
    pub fn kind(&self) -> Result<Kind> {
        self.provider_type
            .as_deref()
            .and_then(Kind::parse)
            .ok_or_else(|| AuthError::validation("provider_type must be either 'oauth2' or 'oidc'"))
    }

    /// Refuses a new provider that lacks something.
    pub fn check_complete(&self, kind: Kind) -> Result<()> {
        let is_given = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
        let need = |value: &Option<String>, message: &'static str| {
            if is_given(value) {
                Ok(())
            } else {
                Err(AuthError::validation(message))
            }
        };
        need(&self.identifier, "identifier is required")?;
        check_identifier(self.identifier.as_deref().unwrap_or_default()).map_err(AuthError::validation)?;
        need(&self.name, "name is required")?;
        need(&self.client_id, "client_id is required")?;
        need(&self.client_secret, "client_secret is required")?;
        match kind {
            Kind::Oidc => need(&self.issuer, "issuer is required for OIDC providers"),
            Kind::OAuth2 => {
                need(
                    &self.authorization_url,
                    "authorization_url is required for OAuth2 providers",
                )?;
                need(&self.token_url, "token_url is required for OAuth2 providers")?;
                need(
                    &self.userinfo_url,
                    "userinfo_url is required for OAuth2 providers",
                )
            }
        }
    }

    /// Refuses what no provider may have.
    pub fn check(&self) -> Result<()> {
        check_text("name", self.name.as_deref(), 100)?;
        check_text("client_id", self.client_id.as_deref(), 512)?;
        if self
            .client_secret
            .as_ref()
            .is_some_and(|secret| secret.len() > LONGEST_SECRET)
        {
            return Err(AuthError::validation("client_secret is too long"));
        }
        check_params(self.authorization_params.as_ref())?;
        check_mapping(self.attribute_mapping.as_ref())?;
        if let Some(list) = &self.custom_claims_allowlist
            && list.iter().any(|name| name.trim().is_empty())
        {
            return Err(AuthError::validation(
                "custom_claims_allowlist entries must be non-empty strings",
            ));
        }
        check_list("custom_claims_allowlist", self.custom_claims_allowlist.as_deref())?;
        check_list("acceptable_client_ids", self.acceptable_client_ids.as_deref())?;
        check_list("scopes", self.scopes.as_deref())
    }

    /// Writes the changes, except the secret, into `provider`. Fields of the other protocol are left alone.
    pub fn apply(self, provider: &mut CustomProvider) {
        let filled = |value: Option<String>| value.filter(|value| !value.is_empty());
        set(&mut provider.name, filled(self.name));
        set(&mut provider.client_id, filled(self.client_id));
        set(&mut provider.acceptable_client_ids, self.acceptable_client_ids);
        set(&mut provider.scopes, self.scopes);
        set(&mut provider.pkce_enabled, self.pkce_enabled);
        set(&mut provider.attribute_mapping, self.attribute_mapping);
        set(
            &mut provider.custom_claims_allowlist,
            self.custom_claims_allowlist,
        );
        set(&mut provider.authorization_params, self.authorization_params);
        set(&mut provider.enabled, self.enabled);
        set(&mut provider.email_optional, self.email_optional);
        match provider.provider_type {
            Kind::Oidc => {
                set(&mut provider.issuer, filled(self.issuer).map(Some));
                set(
                    &mut provider.discovery_url,
                    self.discovery_url.map(|url| filled(Some(url))),
                );
                set(&mut provider.skip_nonce_check, self.skip_nonce_check);
                if !provider.scopes.iter().any(|scope| scope == "openid") {
                    provider.scopes.insert(0, "openid".to_owned());
                }
            }
            Kind::OAuth2 => {
                set(
                    &mut provider.authorization_url,
                    filled(self.authorization_url).map(Some),
                );
                set(&mut provider.token_url, filled(self.token_url).map(Some));
                set(&mut provider.userinfo_url, filled(self.userinfo_url).map(Some));
                set(&mut provider.jwks_uri, self.jwks_uri.map(|url| filled(Some(url))));
            }
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn check_text(name: &str, value: Option<&str>, longest: usize) -> Result<()> {
    if value.is_some_and(|value| value.chars().count() > longest) {
        return Err(AuthError::validation(format!(
            "{name} must be at most {longest} characters"
        )));
    }
    Ok(())
}

fn check_list(name: &str, list: Option<&[String]>) -> Result<()> {
    let list = list.unwrap_or_default();
    if list.len() > MOST
        || list
            .iter()
            .any(|entry| entry.is_empty() || entry.chars().count() > LONGEST)
    {
        return Err(AuthError::validation(format!(
            "{name} must be at most {MOST} entries of 1 to {LONGEST} characters"
        )));
    }
    Ok(())
}

fn check_map(name: &str, map: &Map<String, Value>) -> Result<()> {
    let is_long = |key: &String, value: &Value| key.len() > LONGEST || value.to_string().len() > 4 * LONGEST;
    if map.len() > MOST || map.iter().any(|(key, value)| is_long(key, value)) {
        return Err(AuthError::validation(format!("{name} is too large")));
    }
    Ok(())
}

fn check_params(params: Option<&Map<String, Value>>) -> Result<()> {
    let Some(params) = params else {
        return Ok(());
    };
    for (name, value) in params {
        // In any letter case: some servers do not tell them apart.
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(AuthError::validation(format!(
                "Cannot override reserved OAuth parameter: {name}"
            )));
        }
        if !value.is_string() {
            return Err(AuthError::validation(format!(
                "Authorization parameter {name:?} must be a string"
            )));
        }
    }
    check_map("authorization_params", params)
}

fn check_mapping(mapping: Option<&Map<String, Value>>) -> Result<()> {
    let Some(mapping) = mapping else {
        return Ok(());
    };
    if let Some(name) = mapping.keys().find(|name| PROTECTED.contains(&name.as_str())) {
        return Err(AuthError::validation(format!(
            "Cannot map to protected system field: {name}"
        )));
    }
    check_map("attribute_mapping", mapping)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::model::user::Time;

    fn changes(value: Value) -> Changes {
        serde_json::from_value(value).unwrap()
    }

    fn complete(kind: &str) -> Value {
        json!({
            "provider_type": kind, "identifier": "custom:acme", "name": "Acme", "client_id": "c", "client_secret": "s",
            "issuer": "https://idp", "authorization_url": "https://idp/a", "token_url": "https://idp/t",
            "userinfo_url": "https://idp/u",
        })
    }

    fn verdict(value: Value) -> Result<()> {
        let changes = changes(value);
        changes.check_complete(changes.kind()?)?;
        changes.check()
    }

    #[test]
    fn what_is_missing_is_named() {
        for kind in ["oauth2", "oidc"] {
            assert!(verdict(complete(kind)).is_ok());
        }
        for (kind, name) in [
            ("oauth2", "identifier"),
            ("oauth2", "name"),
            ("oauth2", "client_id"),
            ("oauth2", "client_secret"),
            ("oauth2", "authorization_url"),
            ("oauth2", "token_url"),
            ("oauth2", "userinfo_url"),
            ("oidc", "issuer"),
        ] {
            for absent in [json!(""), Value::Null] {
                let mut body = complete(kind);
                body[name] = absent;
                let message = verdict(body).unwrap_err().public_message().into_owned();
                assert!(message.starts_with(&format!("{name} is required")), "{message}");
            }
        }
    }

    #[test]
    fn what_is_refused() {
        let many = vec!["a"; 101];
        for (change, expected) in [
            (json!({"provider_type": "saml"}), "provider_type must be"),
            (json!({"provider_type": null}), "provider_type must be"),
            (json!({"identifier": "acme"}), "must start with 'custom:'"),
            (json!({"identifier": "custom:Acme"}), "lowercase"),
            (json!({"name": "n".repeat(101)}), "name must be"),
            (json!({"client_id": "n".repeat(513)}), "client_id must be"),
            (json!({"client_secret": "n".repeat(4097)}), "client_secret"),
            (
                json!({"authorization_params": {"state": "x"}}),
                "reserved OAuth parameter: state",
            ),
            (
                json!({"authorization_params": {"Redirect_URI": "x"}}),
                "reserved OAuth parameter",
            ),
            (
                json!({"authorization_params": {"nonce": "x"}}),
                "reserved OAuth parameter",
            ),
            (
                json!({"authorization_params": {"max_age": 1}}),
                "\"max_age\" must be a string",
            ),
            (
                json!({"authorization_params": {"a": "x".repeat(3000)}}),
                "too large",
            ),
            (
                json!({"attribute_mapping": {"role": "r"}}),
                "protected system field: role",
            ),
            (
                json!({"attribute_mapping": {"email_verified": true}}),
                "protected system field",
            ),
            (
                json!({"attribute_mapping": {"app_metadata": {"a": 1}}}),
                "protected system field",
            ),
            (json!({"custom_claims_allowlist": ["a", " "]}), "non-empty"),
            (json!({"custom_claims_allowlist": many}), "at most 100"),
            (json!({"scopes": [""]}), "scopes must be"),
            (
                json!({"acceptable_client_ids": ["n".repeat(501)]}),
                "acceptable_client_ids",
            ),
        ] {
            let mut body = complete("oidc");
            for (name, value) in change.as_object().unwrap() {
                body[name] = value.clone();
            }
            let error = verdict(body).unwrap_err();
            assert!(error.public_message().contains(expected), "{change}: {error}");
        }
    }

    #[test]
    fn changes_leave_the_rest_alone() {
        let mut provider = CustomProvider::new(Uuid::nil(), Kind::Oidc, "custom:acme", Time::default());
        changes(complete("oidc")).apply(&mut provider);
        assert_eq!(provider.scopes, ["openid"]);
        assert_eq!(
            (provider.authorization_url.as_deref(), provider.pkce_enabled),
            (None, true)
        );
        let change = json!({
            "identifier": "custom:other", "provider_type": "oauth2", "name": "", "scopes": ["email"],
            "pkce_enabled": false, "discovery_url": "https://idp/doc", "client_id": null,
        });
        changes(change).apply(&mut provider);
        assert_eq!(provider.identifier, "custom:acme");
        assert_eq!(
            (provider.name.as_str(), provider.client_id.as_str()),
            ("Acme", "c")
        );
        assert_eq!(
            (provider.scopes.join(" ").as_str(), provider.pkce_enabled),
            ("openid email", false)
        );
        assert_eq!(provider.discovery_url.as_deref(), Some("https://idp/doc"));
        changes(json!({"discovery_url": ""})).apply(&mut provider);
        assert_eq!(provider.discovery_url, None);
        let shown = serde_json::to_value(&provider).unwrap();
        assert!(
            shown.get("client_secret").is_none() && shown["provider_type"] == "oidc",
            "{shown}"
        );
    }
}
