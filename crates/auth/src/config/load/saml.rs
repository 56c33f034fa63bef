//! `[auth.saml]`. The keys are ours; the variables are the original's.

use std::time::Duration;

use ferrobase_config::{ConfigError, Section};
use url::Url;

use super::{Result, wrong};
use crate::config::SamlConfig;
use crate::saml::provider::SigningKey;

/// Longest time for a sign-in; relay states are removed after a day.
const LONGEST_VALIDITY: Duration = Duration::from_secs(12 * 3600);

/// `None` = off. The keys of a switched-off section may name variables that are not set, so they are only looked up.
pub(super) fn load(auth: &Section<'_>, external_url: &Url) -> Result<Option<SamlConfig>> {
    let saml = auth.section("saml");
    let text = |key: &str, variable: &str| -> Result<Option<String>> {
        let value = saml.get(key).or_env(variable).string()?;
        Ok(value.filter(|value| !value.trim().is_empty()))
    };
    let enabled = saml.get("enabled").or_env("GOTRUE_SAML_ENABLED").bool_or(false)?;
    if !enabled {
        for key in [
            "private_key",
            "private_key_next",
            "external_url",
            "relay_state_validity_period",
        ] {
            let _ = saml.get(key).string();
        }
        let _ = saml.get("allow_encrypted_assertions").bool_or(false);
        let _ = saml.get("rate_limit_assertion").u32_or(15);
        return Ok(None);
    }
    let key = |key: &str, variable: &str| -> Result<Option<String>> {
        let Some(value) = text(key, variable)? else {
            return Ok(None);
        };
        match SigningKey::parse(&value) {
            Ok(_) => Ok(Some(value)),
            // The value is a secret, and no part of the message.
            Err(error) => Err(ConfigError::conflict(format!(
                "auth.saml.{key} ({variable}): {error}"
            ))),
        }
    };
    let private_key = key("private_key", "GOTRUE_SAML_PRIVATE_KEY")?.ok_or_else(|| {
        ConfigError::conflict(
            "auth.saml is enabled: private_key must be set (an RSA key in PKCS#1 DER, base64)",
        )
    })?;
    Ok(Some(SamlConfig {
        private_key: private_key.into(),
        private_key_next: key("private_key_next", "GOTRUE_SAML_PRIVATE_KEY_NEXT")?.map(Into::into),
        external_url: own_url(
            &saml,
            text("external_url", "GOTRUE_SAML_EXTERNAL_URL")?,
            external_url,
        )?,
        relay_state_validity_period: validity(&saml)?,
        allow_encrypted_assertions: saml
            .get("allow_encrypted_assertions")
            .or_env("GOTRUE_SAML_ALLOW_ENCRYPTED_ASSERTIONS")
            .bool_or(false)?,
        rate_limit_assertion: saml
            .get("rate_limit_assertion")
            .or_env("GOTRUE_SAML_RATE_LIMIT_ASSERTION")
            .u32_or(15)?,
    }))
}

fn own_url(saml: &Section<'_>, given: Option<String>, external_url: &Url) -> Result<Url> {
    let Some(given) = given else {
        return Ok(external_url.clone());
    };
    let url = Url::parse(&given)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let expected = "a URL such as \"https://auth.example.com\"";
    url.ok_or_else(|| wrong(saml, "external_url", "GOTRUE_SAML_EXTERNAL_URL", expected))
}

fn validity(saml: &Section<'_>) -> Result<Duration> {
    let (key, variable) = (
        "relay_state_validity_period",
        "GOTRUE_SAML_RELAY_STATE_VALIDITY_PERIOD",
    );
    let validity = saml
        .get(key)
        .or_env(variable)
        .duration_or(Duration::from_secs(120))?;
    if validity.is_zero() || validity > LONGEST_VALIDITY {
        return Err(wrong(saml, key, variable, "a time of at most 12 hours"));
    }
    Ok(validity)
}
