//! `[auth.captcha]`.

use std::time::Duration;

use ferrobase_config::{ConfigError, Section};
use url::Url;

use super::Result;
use crate::config::CaptchaConfig;

/// The providers and where they judge.
const PROVIDERS: [(&str, &str); 2] = [
    ("hcaptcha", "https://hcaptcha.com/siteverify"),
    (
        "turnstile",
        "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    ),
];

/// `None` = off.
pub(super) fn load(auth: &Section<'_>) -> Result<Option<CaptchaConfig>> {
    let captcha = auth.section("captcha");
    let enabled = captcha
        .get("enabled")
        .or_env("GOTRUE_SECURITY_CAPTCHA_ENABLED")
        .bool_or(false)?;
    if !enabled {
        // A switched-off section may name variables that are not set; looking the keys up marks them as known.
        let _ = (captcha.get("provider").string(), captcha.get("secret").string());
        let _ = (
            captcha.get("verify_url").string(),
            captcha.get("timeout").string(),
        );
        return Ok(None);
    }
    let provider = captcha
        .get("provider")
        .or_env("GOTRUE_SECURITY_CAPTCHA_PROVIDER")
        .one_of_or(&PROVIDERS.map(|(name, _)| name), "hcaptcha")?;
    let secret = captcha
        .get("secret")
        .or_env("GOTRUE_SECURITY_CAPTCHA_SECRET")
        .string_or("")?;
    if secret.trim().is_empty() {
        return Err(ConfigError::conflict(
            "auth.captcha is enabled: secret must be set",
        ));
    }
    let home = PROVIDERS
        .into_iter()
        .find_map(|(name, home)| (name == provider).then_some(home))
        .unwrap_or_default();
    let verify_url = Url::parse(&captcha.get("verify_url").string_or(home)?)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(|| captcha.invalid("verify_url", "a URL"))?;
    let timeout = captcha
        .get("timeout")
        .or_env("GOTRUE_SECURITY_CAPTCHA_TIMEOUT")
        .duration_or(Duration::from_secs(10))?;
    Ok(Some(CaptchaConfig {
        secret: secret.trim().to_owned().into(),
        verify_url,
        timeout,
    }))
}
