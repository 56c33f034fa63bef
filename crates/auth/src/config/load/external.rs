//! `[auth.external.<provider>]`. Only enabled providers are read further: the CLI's file names unset variables in the
//! sections of those that are off.

use std::collections::BTreeMap;

use ferrobase_config::{ConfigError, Section};
use url::Url;

use super::Result;
use crate::config::{ExternalConfig, ProviderConfig};
use crate::providers;

/// Whose ID tokens are accepted unless the settings say otherwise.
const DEFAULT_ISSUERS: [&str; 2] = ["https://appleid.apple.com", "https://accounts.google.com"];

pub(super) fn load(auth: &Section<'_>, external_url: &Url) -> Result<ExternalConfig> {
    let external = auth.section("external");
    refuse_unknown(&external)?;
    let callback = format!("{}/callback", external_url.as_str().trim_end_matches('/'));
    let mut enabled = BTreeMap::new();
    for name in providers::names() {
        let section = external.section(name);
        if section
            .get("enabled")
            .or_env(&variable(name, "ENABLED"))
            .bool_or(false)?
        {
            enabled.insert(name.to_owned(), provider(&section, name, &callback)?);
        }
    }
    let text = |key: &str, variable: &str| -> Result<Option<String>> {
        let value = auth.get(key).or_env(variable).string()?;
        Ok(value.filter(|value| !value.is_empty()))
    };
    Ok(ExternalConfig {
        providers: enabled,
        redirect_url: text("external_redirect_url", "GOTRUE_EXTERNAL_REDIRECT_URL")?,
        id_token_issuers: auth
            .get("allowed_id_token_issuers")
            .or_env("GOTRUE_EXTERNAL_ALLOWED_ID_TOKEN_ISSUERS")
            .string_list()?
            .unwrap_or_else(|| DEFAULT_ISSUERS.map(str::to_owned).to_vec()),
        id_token_client_ids: auth
            .get("allowed_id_token_client_ids")
            .string_list()?
            .unwrap_or_default(),
        ios_bundle_id: text("ios_bundle_id", "GOTRUE_EXTERNAL_IOS_BUNDLE_ID")?,
    })
}

/// A provider that is switched on but does not exist: a name typed wrong, most likely.
fn refuse_unknown(external: &Section<'_>) -> Result<()> {
    for name in external.children() {
        if providers::find(&name).is_none() && external.section(&name).get("enabled").bool_or(false)? {
            let known: Vec<&str> = providers::names().collect();
            return Err(ConfigError::conflict(format!(
                "auth.external.{name} is enabled, but there is no such provider; there are {}",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

fn provider(section: &Section<'_>, name: &str, callback: &str) -> Result<ProviderConfig> {
    let text = |key: &str, suffix: &str| section.get(key).or_env(&variable(name, suffix)).string_or("");
    let truth = |key: &str, suffix: &str| section.get(key).or_env(&variable(name, suffix)).bool_or(false);
    let client_ids = text("client_id", "CLIENT_ID")?;
    let redirect_uri = text("redirect_uri", "REDIRECT_URI")?;
    Ok(ProviderConfig {
        client_ids: client_ids
            .split(',')
            .map(|id| id.trim().to_owned())
            .filter(|id| !id.is_empty())
            .collect(),
        secret: text("secret", "SECRET")?.into(),
        redirect_uri: if redirect_uri.is_empty() {
            callback.to_owned()
        } else {
            redirect_uri
        },
        url: url(section, name, &text("url", "URL")?)?,
        skip_nonce_check: truth("skip_nonce_check", "SKIP_NONCE_CHECK")?,
        email_optional: truth("email_optional", "EMAIL_OPTIONAL")?,
    })
}

/// The host of a provider, with or without its scheme.
fn url(section: &Section<'_>, name: &str, text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let is_web =
        Url::parse(&full).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_web {
        let expected = "a URL such as \"https://login.example.com\"";
        return Err(super::wrong(section, "url", &variable(name, "URL"), expected));
    }
    Ok(Some(full.trim_end_matches('/').to_owned()))
}

fn variable(name: &str, suffix: &str) -> String {
    format!("GOTRUE_EXTERNAL_{}_{suffix}", name.to_ascii_uppercase())
}
