//! `[auth.custom_oauth]`, and `[auth.custom_providers.<name>]` (ours): what the API can say about a provider, under the same
//! names, checked by the same rules. The operator's addresses may be anywhere, also on this machine and without TLS.

use chrono::DateTime;
use ferrobase_config::{ConfigError, Section};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::Result;
use crate::config::CustomProvidersConfig;
use crate::model::custom_provider::{Changes, CustomProvider, Kind, PREFIX, is_custom};

pub(super) fn load(auth: &Section<'_>, external_url: &Url) -> Result<CustomProvidersConfig> {
    let section = auth.section("custom_oauth");
    let enabled = section
        .get("enabled")
        .or_env("GOTRUE_CUSTOM_OAUTH_ENABLED")
        .bool_or(true)?;
    let base = super::filled(
        &section,
        "external_url",
        "GOTRUE_CUSTOM_OAUTH_EXTERNAL_URL",
        external_url.as_str(),
    )?;
    if !Url::parse(&base).is_ok_and(|url| url.has_host()) {
        let expected = "a URL such as \"https://auth.example.com\"";
        return Err(super::wrong(
            &section,
            "external_url",
            "GOTRUE_CUSTOM_OAUTH_EXTERNAL_URL",
            expected,
        ));
    }
    let mut config = CustomProvidersConfig {
        enabled,
        max_providers: section
            .get("max_providers")
            .or_env("GOTRUE_CUSTOM_OAUTH_MAX_PROVIDERS")
            .u32_or(0)?,
        redirect_uri: format!("{}/callback", base.trim_end_matches('/')),
        ..CustomProvidersConfig::default()
    };
    let all = auth.section("custom_providers");
    for name in all.children() {
        let section = all.section(&name);
        if !section.get("enabled").bool_or(true)? {
            // Its secret may name a variable that is not set.
            continue;
        }
        if !enabled {
            return Err(ConfigError::conflict(format!(
                "auth.custom_providers.{name} is enabled, but auth.custom_oauth.enabled is false"
            )));
        }
        let provider = provider(&section, &name)?;
        config.providers.insert(provider.identifier.clone(), provider);
    }
    Ok(config)
}

fn provider(section: &Section<'_>, name: &str) -> Result<CustomProvider> {
    let identifier = if is_custom(name) {
        name.to_owned()
    } else {
        format!("{PREFIX}{name}")
    };
    let mut changes = read(section, name)?;
    changes.identifier = Some(identifier.clone());
    let refused = |error: crate::error::AuthError| {
        ConfigError::conflict(format!(
            "auth.custom_providers.{name}: {}",
            error.public_message()
        ))
    };
    let kind = changes.kind().map_err(refused)?;
    changes.check_complete(kind).map_err(refused)?;
    changes.check().map_err(refused)?;
    let mut provider = CustomProvider::new(Uuid::nil(), kind, &identifier, DateTime::UNIX_EPOCH);
    provider.client_secret = changes.client_secret.take().unwrap_or_default().into();
    changes.apply(&mut provider);
    for (key, url) in provider.urls() {
        if !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(section.invalid(key, "a URL such as \"https://login.example.com\""));
        }
    }
    Ok(provider)
}

fn read(section: &Section<'_>, name: &str) -> Result<Changes> {
    let text = |key: &str| section.get(key).string();
    let list = |key: &str| section.get(key).string_list();
    let truth = |key: &str| section.get(key).bool();
    let map = |key: &str| -> Result<Option<Map<String, Value>>> {
        let map = section.get(key).string_map()?;
        Ok(map.map(|map| {
            map.into_iter()
                .map(|(name, value)| (name, Value::String(value)))
                .collect()
        }))
    };
    let kind = match text("type")? {
        Some(kind) => Some(kind),
        // An issuer says enough.
        None => text("issuer")?.map(|_| Kind::Oidc.as_str().to_owned()),
    };
    Ok(Changes {
        provider_type: kind,
        identifier: None,
        name: Some(text("name")?.unwrap_or_else(|| name.to_owned())),
        client_id: text("client_id")?,
        client_secret: section.get("secret").string()?,
        acceptable_client_ids: list("acceptable_client_ids")?,
        scopes: list("scopes")?,
        pkce_enabled: truth("pkce_enabled")?,
        attribute_mapping: map("attribute_mapping")?,
        custom_claims_allowlist: list("custom_claims_allowlist")?,
        authorization_params: map("authorization_params")?,
        enabled: None,
        email_optional: truth("email_optional")?,
        issuer: text("issuer")?,
        discovery_url: text("discovery_url")?,
        skip_nonce_check: truth("skip_nonce_check")?,
        authorization_url: text("authorization_url")?,
        token_url: text("token_url")?,
        userinfo_url: text("userinfo_url")?,
        jwks_uri: text("jwks_uri")?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ferrobase_config::Config;
    use secrecy::ExposeSecret;

    use super::*;

    fn read(toml: &str, env: &[(&str, &str)]) -> std::result::Result<CustomProvidersConfig, String> {
        let config = Config::from_toml_str_with_env(toml, env).map_err(|error| error.to_string())?;
        let external_url = "http://127.0.0.1:54321/auth/v1".parse().unwrap();
        super::load(&config.section("auth"), &external_url).map_err(|error| error.to_string())
    }

    #[test]
    fn providers_of_the_settings() {
        let toml = "[auth.custom_providers.acme]\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"c\"\nsecret = \"env(ACME)\"\n\
            scopes = [\"email\"]\nattribute_mapping = { sub = \"id\" }\nauthorization_params = { prompt = \"consent\" }\n\
            [auth.custom_providers.plain]\ntype = \"oauth2\"\nname = \"Plain\"\nclient_id = \"c\"\nsecret = \"s\"\npkce_enabled = false\n\
            authorization_url = \"http://a/a\"\ntoken_url = \"http://a/t\"\nuserinfo_url = \"http://a/u\"\n\
            [auth.custom_providers.off]\nenabled = false\nsecret = \"env(NOT_SET)\"\n";
        let config = read(toml, &[("ACME", "from the environment")]).unwrap();
        assert!(config.enabled && config.max_providers == 0);
        assert_eq!(config.redirect_uri, "http://127.0.0.1:54321/auth/v1/callback");
        assert!(config.providers.keys().eq(["custom:acme", "custom:plain"]));
        let acme = &config.providers["custom:acme"];
        assert_eq!((acme.provider_type, acme.name.as_str()), (Kind::Oidc, "acme"));
        assert_eq!(acme.scopes, ["openid", "email"]);
        assert_eq!(acme.attribute_mapping["sub"], "id");
        assert_eq!(acme.authorization_params["prompt"], "consent");
        assert_eq!(acme.client_secret.expose_secret(), "from the environment");
        assert!(!config.providers["custom:plain"].pkce_enabled);
    }

    #[test]
    fn the_original_variables() {
        let env = [
            ("GOTRUE_CUSTOM_OAUTH_ENABLED", "false"),
            ("GOTRUE_CUSTOM_OAUTH_MAX_PROVIDERS", "3"),
            ("GOTRUE_CUSTOM_OAUTH_EXTERNAL_URL", "https://auth.example.com/"),
        ];
        let config = read("", &env).unwrap();
        assert!(!config.enabled && config.max_providers == 3);
        assert_eq!(config.redirect_uri, "https://auth.example.com/callback");
    }

    #[test]
    fn what_cannot_work_is_refused_at_start() {
        let oidc = "[auth.custom_providers.acme]\nclient_id = \"c\"\nsecret = \"s\"\n";
        for (toml, expected) in [
            (oidc.to_owned(), "provider_type must be"),
            (format!("{oidc}type = \"oidc\"\n"), "issuer is required"),
            (
                format!("{oidc}type = \"oauth2\"\n"),
                "authorization_url is required",
            ),
            (format!("{oidc}issuer = \"ldap://x\"\n"), "a URL"),
            (
                format!("{oidc}issuer = \"http://x\"\nauthorization_params = {{ state = \"x\" }}\n"),
                "reserved",
            ),
            (
                format!("{oidc}issuer = \"http://x\"\nattribute_mapping = {{ role = \"x\" }}\n"),
                "protected",
            ),
            (
                format!("{}issuer = \"http://x\"\n", oidc.replace("acme", "Acme_1")),
                "lowercase",
            ),
            (
                format!("{oidc}issuer = \"http://x\"\n[auth.custom_oauth]\nenabled = false\n"),
                "custom_oauth.enabled",
            ),
            ("[auth.custom_oauth]\nexternal_url = \"x\"\n".to_owned(), "a URL"),
        ] {
            let error = read(&toml, &[]).unwrap_err();
            assert!(error.contains(expected), "{toml}: {error}");
        }
    }
}
