//! `auth.provider_linking_domains`: which providers' identities may meet in one account (auth.md 12.4).

use std::collections::BTreeMap;

use ferrobase_config::{ConfigError, Section};

use super::Result;
use crate::model::linking::DEFAULT_DOMAIN;

/// The original's variables: pairs, and the older list of providers that are domains of their own.
const PAIRS: &str = "GOTRUE_EXPERIMENTAL_PROVIDER_LINKING_DOMAINS";
const OWN: &str = "GOTRUE_EXPERIMENTAL_PROVIDERS_WITH_OWN_LINKING_DOMAIN";

/// Provider → domain. Pairs win over the older list.
pub(super) fn load(auth: &Section<'_>) -> Result<BTreeMap<String, String>> {
    let own = auth
        .get("providers_with_own_linking_domain")
        .or_env(OWN)
        .string_list()?
        .unwrap_or_default();
    let mut domains: BTreeMap<String, String> = own
        .into_iter()
        .map(|provider| (provider.clone(), provider))
        .collect();
    for pair in auth
        .get("provider_linking_domains")
        .or_env(PAIRS)
        .string_list()?
        .unwrap_or_default()
    {
        let (provider, domain) = pair
            .split_once('=')
            .map(|(provider, domain)| (provider.trim(), domain.trim()))
            .filter(|(provider, domain)| !provider.is_empty() && !domain.is_empty())
            .ok_or_else(|| refusal(&pair, "is not of the form provider=domain"))?;
        domains.insert(provider.to_owned(), domain.to_owned());
    }
    for (provider, domain) in &domains {
        if provider.starts_with("sso:") || domain.starts_with("sso:") {
            return Err(refusal(
                provider,
                "every single sign-on connection is a domain of its own",
            ));
        }
        if provider == "email" || provider == "phone" || domain == DEFAULT_DOMAIN {
            return Err(refusal(
                provider,
                "e-mail and phone are the domain \"default\", which cannot be named",
            ));
        }
    }
    Ok(domains)
}

fn refusal(what: &str, why: &str) -> ConfigError {
    ConfigError::conflict(format!("auth.provider_linking_domains: {what:?}: {why}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ferrobase_config::Config;

    use super::*;

    fn domains(toml: &str, env: &[(&str, &str)]) -> std::result::Result<Vec<(String, String)>, String> {
        let config = Config::from_toml_str_with_env(toml, env).map_err(|error| error.to_string())?;
        let loaded = load(&config.section("auth")).map_err(|error| error.to_string())?;
        Ok(loaded.into_iter().collect())
    }

    fn pair(provider: &str, domain: &str) -> (String, String) {
        (provider.to_owned(), domain.to_owned())
    }

    #[test]
    fn pairs_and_the_older_list() {
        let env = [
            (PAIRS, "github=social,custom:google=social"),
            (OWN, "github,apple"),
        ];
        let expected = [
            pair("apple", "apple"),
            pair("custom:google", "social"),
            pair("github", "social"),
        ];
        assert_eq!(domains("", &env).unwrap(), expected);
        let file = "[auth]\nprovider_linking_domains = [\"github = social\"]\n";
        assert_eq!(domains(file, &[]).unwrap(), [pair("github", "social")]);
        assert_eq!(domains("", &[]).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_a_domain() {
        for bad in [
            "github",
            "github=",
            "=x",
            "sso:1=x",
            "github=sso:1",
            "email=x",
            "phone=x",
            "github=default",
        ] {
            assert!(domains("", &[(PAIRS, bad)]).is_err(), "{bad}");
        }
    }
}
