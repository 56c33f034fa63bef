//! `[auth.saml]`.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use ferrobase_config::{Config, ConfigError};
use secrecy::ExposeSecret;
use url::Url;

use super::signer::{OUR_KEY, STRANGE_KEY};
use crate::config::AuthConfig;

fn load(toml: &str, env: &[(&str, &str)]) -> Result<AuthConfig, ConfigError> {
    let config = Config::from_toml_str_with_env(toml, env).unwrap();
    AuthConfig::load(&config, Url::parse("http://127.0.0.1:54321/auth/v1").unwrap())
}

#[test]
fn it_is_off_whatever_else_is_said() {
    assert!(load("", &[]).unwrap().saml.is_none());
    let prepared = "[auth.saml]\nenabled = false\nprivate_key = \"env(NOT_SET)\"\nrelay_state_validity_period = \"1m\"\n";
    assert!(load(prepared, &[]).unwrap().saml.is_none());
}

#[test]
fn the_variables_of_the_original_set_it() {
    let env = [
        ("GOTRUE_SAML_ENABLED", "true"),
        ("GOTRUE_SAML_PRIVATE_KEY", OUR_KEY.pkcs1.as_str()),
        ("GOTRUE_SAML_PRIVATE_KEY_NEXT", STRANGE_KEY.pkcs1.as_str()),
        ("GOTRUE_SAML_EXTERNAL_URL", "https://sso.example.com"),
        ("GOTRUE_SAML_RELAY_STATE_VALIDITY_PERIOD", "5m"),
        ("GOTRUE_SAML_ALLOW_ENCRYPTED_ASSERTIONS", "true"),
        ("GOTRUE_SAML_RATE_LIMIT_ASSERTION", "7"),
    ];
    let saml = load("", &env).unwrap().saml.unwrap();
    assert_eq!(saml.private_key.expose_secret(), OUR_KEY.pkcs1);
    assert_eq!(saml.private_key_next.unwrap().expose_secret(), STRANGE_KEY.pkcs1);
    assert_eq!(saml.external_url.as_str(), "https://sso.example.com/");
    assert_eq!(saml.relay_state_validity_period, Duration::from_secs(300));
    assert!(saml.allow_encrypted_assertions && saml.rate_limit_assertion == 7);
}

#[test]
fn the_defaults_are_those_of_the_original() {
    let toml = format!(
        "[auth.saml]\nenabled = true\nprivate_key = \"{}\"\n",
        OUR_KEY.pkcs1
    );
    let saml = load(&toml, &[]).unwrap().saml.unwrap();
    assert_eq!(saml.external_url.as_str(), "http://127.0.0.1:54321/auth/v1");
    assert_eq!(saml.relay_state_validity_period, Duration::from_secs(120));
    assert!(saml.private_key_next.is_none() && !saml.allow_encrypted_assertions);
    assert_eq!(saml.rate_limit_assertion, 15);
    for (line, named) in [
        (
            "relay_state_validity_period = \"0s\"",
            "relay_state_validity_period",
        ),
        (
            "relay_state_validity_period = \"13h\"",
            "relay_state_validity_period",
        ),
        ("external_url = \"nowhere\"", "external_url"),
        ("private_key_next = \"c2VjcmV0IHRoaW5n\"", "private_key_next"),
    ] {
        let error = load(&format!("{toml}{line}\n"), &[]).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn a_bad_key_is_named_but_not_shown() {
    let missing = load("[auth.saml]\nenabled = true\n", &[])
        .unwrap_err()
        .to_string();
    assert!(missing.contains("private_key must be set"), "{missing}");
    for key in ["c2VjcmV0IHRoaW5n", "no base64 at all!"] {
        let toml = format!("[auth.saml]\nenabled = true\nprivate_key = \"{key}\"\n");
        let error = load(&toml, &[]).unwrap_err().to_string();
        assert!(
            error.contains("auth.saml.private_key") && !error.contains(key),
            "{error}"
        );
    }
}
