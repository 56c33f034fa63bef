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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ferrobase_config::Config;
    use secrecy::ExposeSecret;

    use crate::config::AuthConfig;

    fn load(toml: &str, env: &[(&str, &str)]) -> Result<AuthConfig, String> {
        let config = Config::from_toml_str_with_env(toml, env).map_err(|error| error.to_string())?;
        let external_url = "http://127.0.0.1:54321/auth/v1".parse().unwrap();
        AuthConfig::load(&config, external_url).map_err(|error| error.to_string())
    }

    #[test]
    fn a_provider_from_file_and_variables() {
        let toml = "[auth.external.apple]\nenabled = true\nclient_id = \"web, com.example.app,\"\nredirect_uri = \"\"\nurl = \"\"\n\
            [auth.external.azure]\nenabled = true\nurl = \"login.microsoftonline.com/tenant/\"\nredirect_uri = \"https://a/b\"\n";
        let env = [
            ("GOTRUE_EXTERNAL_APPLE_SECRET", "jwt"),
            ("GOTRUE_EXTERNAL_SNAPCHAT_ENABLED", "true"),
            ("GOTRUE_EXTERNAL_SNAPCHAT_EMAIL_OPTIONAL", "true"),
            ("GOTRUE_EXTERNAL_SNAPCHAT_SKIP_NONCE_CHECK", "true"),
            ("GOTRUE_EXTERNAL_IOS_BUNDLE_ID", "com.example.ios"),
        ];
        let external = load(toml, &env).unwrap().external;
        assert!(external.providers.keys().eq(["apple", "azure", "snapchat"]));
        let apple = &external.providers["apple"];
        assert_eq!(apple.client_ids, ["web", "com.example.app"]);
        assert_eq!(
            (apple.secret.expose_secret(), apple.url.as_deref()),
            ("jwt", None)
        );
        assert_eq!(apple.redirect_uri, "http://127.0.0.1:54321/auth/v1/callback");
        let azure = &external.providers["azure"];
        assert_eq!(
            azure.url.as_deref(),
            Some("https://login.microsoftonline.com/tenant")
        );
        assert_eq!(azure.redirect_uri, "https://a/b");
        let snapchat = &external.providers["snapchat"];
        assert!(snapchat.email_optional && snapchat.skip_nonce_check);
        assert_eq!(external.ios_bundle_id.as_deref(), Some("com.example.ios"));
        assert_eq!(external.id_token_issuers.len(), 2);
    }

    #[test]
    fn what_cannot_work_is_refused_at_start() {
        let unknown = load("[auth.external.gogle]\nenabled = true\n", &[]).unwrap_err();
        assert!(
            unknown.contains("auth.external.gogle") && unknown.contains("google"),
            "{unknown}"
        );
        assert!(load("[auth.external.gogle]\nenabled = false\n", &[]).is_ok());
        let bad = "[auth.external.gitlab]\nenabled = true\nurl = \"ftp://x\"\n";
        assert!(load(bad, &[]).unwrap_err().contains("url"));
        // What the CLI's file names in the section of a provider that is off does not matter.
        let off = "[auth.external.apple]\nenabled = false\nsecret = \"env(NO_SUCH_VARIABLE)\"\n";
        assert!(load(off, &[]).unwrap().external.providers.is_empty());
    }
}
