//! `[auth.passkey]` and `[auth.webauthn]`.

use std::time::Duration;

use ferrobase_config::Section;
use url::Url;

use super::{Result, wrong};
use crate::config::{PasskeyConfig, WebauthnConfig};

/// Bounds of the life of a challenge.
const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(3600);

pub(super) fn load(auth: &Section<'_>) -> Result<PasskeyConfig> {
    let passkey = auth.section("passkey");
    let max = passkey
        .get("max_passkeys_per_user")
        .or_env("GOTRUE_PASSKEY_MAX_PASSKEYS_PER_USER")
        .u16_or(10)?;
    let verification = passkey
        .get("user_verification")
        .one_of_or(&["required", "preferred"], "required")?;
    Ok(PasskeyConfig {
        enabled: passkey
            .get("enabled")
            .or_env("GOTRUE_PASSKEY_ENABLED")
            .bool_or(false)?,
        max_per_user: i64::from(max),
        accepts_presence_alone: verification == "preferred",
    })
}

/// The relying party, for security keys and passkeys alike.
pub(super) fn webauthn(auth: &Section<'_>) -> Result<WebauthnConfig> {
    let webauthn = auth.section("webauthn");
    let text = |key: &str, variable: &str| -> Result<Option<String>> {
        Ok(webauthn
            .get(key)
            .or_env(variable)
            .string()?
            .filter(|text| !text.is_empty()))
    };
    let rp_origins = webauthn
        .get("rp_origins")
        .or_env("GOTRUE_WEBAUTHN_RP_ORIGINS")
        .string_list()?
        .unwrap_or_default();
    for origin in &rp_origins {
        if !Url::parse(origin).is_ok_and(|url| url.has_host()) {
            let expected = "a list of origins such as \"https://app.example.com\"";
            return Err(wrong(
                &webauthn,
                "rp_origins",
                "GOTRUE_WEBAUTHN_RP_ORIGINS",
                expected,
            ));
        }
    }
    let variable = "GOTRUE_WEBAUTHN_CHALLENGE_EXPIRY_DURATION";
    let challenge_expiry = webauthn
        .get("challenge_expiry")
        .or_env(variable)
        .duration_or(Duration::from_secs(300))?;
    if challenge_expiry < SHORTEST || challenge_expiry > LONGEST {
        return Err(wrong(
            &webauthn,
            "challenge_expiry",
            variable,
            "a duration from 10s to 1h",
        ));
    }
    Ok(WebauthnConfig {
        rp_id: text("rp_id", "GOTRUE_WEBAUTHN_RP_ID")?,
        rp_display_name: text("rp_display_name", "GOTRUE_WEBAUTHN_RP_DISPLAY_NAME")?,
        rp_origins,
        challenge_expiry,
    })
}
