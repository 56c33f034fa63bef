//! `[auth.third_party.…]`: whose tokens are accepted beside our own.

use ferrobase_config::{Config, ConfigError, Section};
use url::Url;

/// Somebody else who signs users in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ThirdParty {
    /// As the file calls them.
    pub(crate) name: &'static str,
    /// `iss` of their tokens, without a slash at its end.
    pub(crate) issuer: String,
    /// Whom their tokens must be for; anybody if empty.
    pub(crate) audiences: Vec<String>,
    /// Where their discovery document is, if not at the issuer's address.
    pub(crate) base_url: Option<Url>,
}

/// The issuer and what a token's audience is without a setting.
type Named = (String, Vec<String>);

type Reader = fn(&Section<'_>) -> Result<Named, ConfigError>;

/// Those that are on.
pub(super) fn load(config: &Config) -> Result<Vec<ThirdParty>, ConfigError> {
    let all = config.section("auth.third_party");
    let kinds: [(&'static str, Reader); 5] = [
        ("firebase", firebase),
        ("auth0", auth0),
        ("aws_cognito", aws_cognito),
        ("clerk", clerk),
        ("workos", workos),
    ];
    let mut found = Vec::new();
    for (name, named) in kinds {
        let section = all.section(name);
        if !section.get("enabled").bool_or(false)? {
            // A switched-off section may name variables that are not set; looking the keys up marks them as known.
            for key in ["base_url", "audiences"] {
                let _ = section.get(key).string();
            }
            continue;
        }
        let (issuer, audiences) = named(&section)?;
        let base_url = match section.get("base_url").string()?.filter(|url| !url.is_empty()) {
            None => None,
            Some(text) => {
                Some(web_address(&text).ok_or_else(|| section.invalid("base_url", "an http or https URL"))?)
            }
        };
        found.push(ThirdParty {
            name,
            issuer,
            audiences: section.get("audiences").string_list()?.unwrap_or(audiences),
            base_url,
        });
    }
    Ok(found)
}

fn firebase(section: &Section<'_>) -> Result<Named, ConfigError> {
    let project = label(section, "project_id")?;
    // Firebase names the project as the audience; its keys are those of all projects.
    Ok((format!("https://securetoken.google.com/{project}"), vec![project]))
}

fn auth0(section: &Section<'_>) -> Result<Named, ConfigError> {
    let tenant = label(section, "tenant")?;
    let region = section.get("tenant_region").string()?.unwrap_or_default();
    let host = if region.is_empty() {
        tenant
    } else {
        format!("{tenant}.{}", label(section, "tenant_region")?)
    };
    Ok((format!("https://{host}.auth0.com"), Vec::new()))
}

fn aws_cognito(section: &Section<'_>) -> Result<Named, ConfigError> {
    let (region, pool) = (
        label(section, "user_pool_region")?,
        label(section, "user_pool_id")?,
    );
    let issuer = format!("https://cognito-idp.{region}.amazonaws.com/{pool}");
    Ok((issuer, Vec::new()))
}

fn clerk(section: &Section<'_>) -> Result<Named, ConfigError> {
    Ok((format!("https://{}", label(section, "domain")?), Vec::new()))
}

fn workos(section: &Section<'_>) -> Result<Named, ConfigError> {
    let text = section.get("issuer_url").string()?.unwrap_or_default();
    let is_usable = web_address(&text).is_some_and(|url| url.scheme() == "https" && url.query().is_none());
    if !is_usable {
        return Err(section.invalid("issuer_url", "an https URL"));
    }
    Ok((text.trim_end_matches('/').to_owned(), Vec::new()))
}

/// A part of a host's name or of a path: nothing in it may lead elsewhere.
fn label(section: &Section<'_>, key: &str) -> Result<String, ConfigError> {
    let text = section.get(key).string()?.unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.starts_with('.') || text.contains("..") || !text.chars().all(is_plain) {
        return Err(section.invalid(key, "letters, digits, dots, hyphens and underscores"));
    }
    Ok(text)
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn issuers(text: &str) -> Result<Vec<String>, ConfigError> {
        let config = Config::from_toml_str(text).unwrap();
        Ok(load(&config)?
            .into_iter()
            .map(|party| format!("{} {:?}", party.issuer, party.audiences))
            .collect())
    }

    #[test]
    fn issuers_are_those_of_the_providers() {
        let cases = [
            (
                "firebase]\nproject_id = \"shop-1\"",
                "https://securetoken.google.com/shop-1 [\"shop-1\"]",
            ),
            ("auth0]\ntenant = \"shop\"", "https://shop.auth0.com []"),
            (
                "auth0]\ntenant = \"shop\"\ntenant_region = \"eu\"",
                "https://shop.eu.auth0.com []",
            ),
            (
                "aws_cognito]\nuser_pool_id = \"eu-west-1_aB\"\nuser_pool_region = \"eu-west-1\"",
                "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aB []",
            ),
            (
                "clerk]\ndomain = \"clerk.example.com\"\naudiences = [\"app\"]",
                "https://clerk.example.com [\"app\"]",
            ),
            (
                "workos]\nissuer_url = \"https://api.workos.com/user_management/client_1/\"",
                "https://api.workos.com/user_management/client_1 []",
            ),
        ];
        for (section, wanted) in cases {
            let text = format!("[auth.third_party.{section}\nenabled = true\n");
            assert_eq!(issuers(&text).unwrap(), [wanted]);
            let off = text.replace("true", "false");
            assert!(issuers(&off).unwrap().is_empty());
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for section in [
            "firebase]",
            "firebase]\nproject_id = \"a/../b\"",
            "firebase]\nproject_id = \"..\"",
            "auth0]\ntenant = \"evil.example/\"",
            "auth0]\ntenant = \"a\"\ntenant_region = \"b@c\"",
            "aws_cognito]\nuser_pool_id = \"a\"",
            "clerk]\ndomain = \"clerk.example.com:1\"",
            "workos]\nissuer_url = \"http://api.example.com\"",
            "workos]\nissuer_url = \"https://api.example.com?x\"",
            "clerk]\ndomain = \"a.example\"\nbase_url = \"ftp://x\"",
        ] {
            let text = format!("[auth.third_party.{section}\nenabled = true\n");
            assert!(issuers(&text).is_err(), "{section}");
        }
    }
}
