//! Reads `[auth]`: every key under the name that the Supabase CLI gives it (config-and-cli.md §3), with the CLI's defaults, and
//! the original's `GOTRUE_…` variables (auth.md §21) below the file.
//!
//! Keys that the CLI's file does not have are ours: `auth.mfa.recovery_codes`, `auth.encryption` and a few others; most
//! of them have a variable in the original.

use std::collections::BTreeMap;
use std::time::Duration;

use ferrobase_config::{Config, ConfigError, Rate, Section};
use secrecy::SecretString;
use url::Url;

use super::{AuthConfig, CodeGuessRules, EncryptionConfig, RateLimits, RefreshTokenRules, SessionRules};
use crate::encryption::decode_key;
use crate::model::redirect::Glob;

mod captcha;
mod custom_providers;
mod email;
mod external;
mod hooks;
mod linking;
mod mail_links;
mod mfa;
mod oauth_server;
mod passkey;
mod password;
mod saml;
mod sms;
mod web3;

type Result<T> = std::result::Result<T, ConfigError>;

/// Longest life of an access token that the original accepts: a week.
const LONGEST_JWT_EXPIRY: u64 = 604_800;
/// Bounds of a one-time code (auth.md 9).
const OTP_LENGTH: std::ops::RangeInclusive<u16> = 6..=10;

impl AuthConfig {
    /// Reads the settings. `external_url` is where clients reach this service, with the gateway's prefix. Fails on the first
    /// value that is wrong, naming its place, and on combinations that cannot work.
    pub fn load(config: &Config, external_url: Url) -> Result<Self> {
        Self::read(config, external_url).map_err(|error| match (error, config.path()) {
            // What is wrong in combination has no line of its own, but it has a file.
            (ConfigError::Conflict(message), Some(path)) => {
                ConfigError::Conflict(format!("{}: {message}", path.display()))
            }
            (other, _) => other,
        })
    }

    fn read(config: &Config, external_url: Url) -> Result<Self> {
        let auth = config.section("auth");
        let hooks = hooks::load(&auth)?;
        let email = email::load(config, &auth)?;
        Ok(Self {
            site_url: site_url(&auth)?,
            redirect_allow_list: redirect_allow_list(&auth)?,
            jwt_issuer: Some(jwt_issuer(&auth, &external_url)?),
            allow_private_addresses: auth
                .get("allow_private_addresses")
                .or_env("GOTRUE_ALLOW_PRIVATE_ADDRESSES")
                .bool_or(false)?,
            external: external::load(&auth, &external_url)?,
            oauth_server: oauth_server::load(&auth)?,
            custom_providers: custom_providers::load(&auth, &external_url)?,
            linking_domains: linking::load(&auth)?,
            saml: saml::load(&auth, &external_url)?,
            external_url,
            jwt_audience: filled(&auth, "jwt_audience", "GOTRUE_JWT_AUD", "authenticated")?,
            jwt_expiry: jwt_expiry(&auth)?,
            default_role: filled(
                &auth,
                "default_role",
                "GOTRUE_JWT_DEFAULT_GROUP_NAME",
                "authenticated",
            )?,
            admin_roles: auth
                .get("admin_roles")
                .or_env("GOTRUE_JWT_ADMIN_ROLES")
                .string_list()?
                .unwrap_or_else(|| vec!["service_role".to_owned(), "supabase_admin".to_owned()]),
            signup_enabled: auth
                .get("enable_signup")
                .or_env_negated("GOTRUE_DISABLE_SIGNUP")
                .bool_or(true)?,
            anonymous_enabled: auth
                .get("enable_anonymous_sign_ins")
                .or_env("GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED")
                .bool_or(false)?,
            manual_linking_enabled: auth
                .get("enable_manual_linking")
                .or_env("GOTRUE_SECURITY_MANUAL_LINKING_ENABLED")
                .bool_or(false)?,
            password: password::load(&auth)?,
            leaked_passwords: password::leaked(&auth)?,
            code_guesses: code_guesses(&auth)?,
            captcha: captcha::load(&auth)?,
            refresh_tokens: refresh_tokens(&auth)?,
            sessions: sessions(&auth)?,
            rate_limits: rate_limits(&auth, email.smtp.is_some())?,
            sms: sms::load(&auth, hooks.send_sms.is_some())?,
            mfa: mfa::load(&auth)?,
            webauthn: passkey::webauthn(&auth)?,
            passkey: passkey::load(&auth)?,
            web3: web3::load(&auth)?,
            email,
            hooks,
            encryption: encryption(&auth)?,
            audit_log_in_database: auth
                .get("audit_log_in_database")
                .or_env_negated("GOTRUE_AUDIT_LOG_DISABLE_POSTGRES")
                .bool_or(true)?,
            request_timeout: request_timeout(&auth)?,
            flow_state_expiry: flow_state_expiry(&auth)?,
        })
    }
}

fn site_url(auth: &Section<'_>) -> Result<Url> {
    let text = auth
        .get("site_url")
        .or_env("GOTRUE_SITE_URL")
        .string_or("http://127.0.0.1:3000")?;
    // `localhost:3000` parses too, as the scheme "localhost".
    let url = Url::parse(&text).ok().filter(|url| !url.cannot_be_a_base());
    let expected = "a URL with its scheme, such as \"https://app.example.com\"";
    url.ok_or_else(|| wrong(auth, "site_url", "GOTRUE_SITE_URL", expected))
}

fn redirect_allow_list(auth: &Section<'_>) -> Result<Vec<String>> {
    let key = auth
        .get("additional_redirect_urls")
        .or_env("GOTRUE_URI_ALLOW_LIST");
    let list = key.string_list()?.unwrap_or_default();
    for pattern in &list {
        Glob::parse(pattern).map_err(|expected| {
            ConfigError::conflict(format!(
                "auth.additional_redirect_urls: {pattern:?} must be {expected}"
            ))
        })?;
    }
    Ok(list)
}

fn jwt_issuer(auth: &Section<'_>, external_url: &Url) -> Result<String> {
    filled(
        auth,
        "jwt_issuer",
        "GOTRUE_JWT_ISSUER",
        external_url.as_str().trim_end_matches('/'),
    )
}

fn jwt_expiry(auth: &Section<'_>) -> Result<Duration> {
    let seconds = auth.get("jwt_expiry").or_env("GOTRUE_JWT_EXP").u64_or(3600)?;
    if seconds == 0 || seconds > LONGEST_JWT_EXPIRY {
        return Err(wrong(
            auth,
            "jwt_expiry",
            "GOTRUE_JWT_EXP",
            "1 to 604800 (a week) in seconds",
        ));
    }
    Ok(Duration::from_secs(seconds))
}

fn refresh_tokens(auth: &Section<'_>) -> Result<RefreshTokenRules> {
    Ok(RefreshTokenRules {
        rotation: auth
            .get("enable_refresh_token_rotation")
            .or_env("GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED")
            .bool_or(true)?,
        reuse_interval: auth
            .get("refresh_token_reuse_interval")
            .or_env("GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL")
            .duration_or(Duration::from_secs(10))?,
        algorithm_version: auth
            .get("refresh_token_algorithm_version")
            .or_env("GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION")
            .u16_or(0)?,
        allow_reuse: auth
            .get("refresh_token_allow_reuse")
            .or_env("GOTRUE_SECURITY_REFRESH_TOKEN_ALLOW_REUSE")
            .bool_or(false)?,
    })
}

fn sessions(auth: &Section<'_>) -> Result<SessionRules> {
    let sessions = auth.section("sessions");
    // Zero is how the CLI's file says "no limit".
    let limit = |key: &str, variable: &str| -> Result<Option<Duration>> {
        Ok(sessions
            .get(key)
            .or_env(variable)
            .duration()?
            .filter(|limit| !limit.is_zero()))
    };
    Ok(SessionRules {
        timebox: limit("timebox", "GOTRUE_SESSIONS_TIMEBOX")?,
        inactivity_timeout: limit("inactivity_timeout", "GOTRUE_SESSIONS_INACTIVITY_TIMEOUT")?,
        allow_low_aal: limit("allow_low_aal", "GOTRUE_SESSIONS_ALLOW_LOW_AAL")?,
        single_per_user: sessions
            .get("single_per_user")
            .or_env("GOTRUE_SESSIONS_SINGLE_PER_USER")
            .bool_or(false)?,
        tags: sessions
            .get("tags")
            .or_env("GOTRUE_SESSIONS_TAGS")
            .string_list()?
            .unwrap_or_default(),
    })
}

fn rate_limits(auth: &Section<'_>, mails_leave: bool) -> Result<RateLimits> {
    let limits = auth.section("rate_limit");
    let read = |key: &str, variable: &str, default: u32| limits.get(key).or_env(variable).u32_or(default);
    let rate = |key: &str, variable: &str| -> Result<Rate> {
        Ok(limits
            .get(key)
            .or_env(variable)
            .rate()?
            .unwrap_or(Rate::hourly(30)))
    };
    let email_sent = rate("email_sent", "GOTRUE_RATE_LIMIT_EMAIL_SENT")?;
    let header = limits.get("header").or_env("GOTRUE_RATE_LIMIT_HEADER").string()?;
    Ok(RateLimits {
        // As in the CLI, the limit protects a mail server's reputation; the inbox has none.
        email_sent: mails_leave.then_some(email_sent),
        sms_sent: rate("sms_sent", "GOTRUE_RATE_LIMIT_SMS_SENT")?,
        anonymous_users: read("anonymous_users", "GOTRUE_RATE_LIMIT_ANONYMOUS_USERS", 30)?,
        token_refresh: read("token_refresh", "GOTRUE_RATE_LIMIT_TOKEN_REFRESH", 150)?,
        sign_in_sign_ups: read("sign_in_sign_ups", "GOTRUE_RATE_LIMIT_OTP", 30)?,
        token_verifications: read("token_verifications", "GOTRUE_RATE_LIMIT_VERIFY", 30)?,
        web3: read("web3", "GOTRUE_RATE_LIMIT_WEB3", 30)?,
        mfa_challenge_and_verify: read(
            "mfa_challenge_and_verify",
            "GOTRUE_MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY",
            15,
        )?,
        header: header.filter(|name| !name.is_empty()),
    })
}

fn code_guesses(auth: &Section<'_>) -> Result<CodeGuessRules> {
    const DAY: Duration = Duration::from_secs(86_400);
    let section = auth.section("code_guesses");
    let window = section.get("window").duration_or(Duration::from_secs(300))?;
    if window.is_zero() || window > DAY {
        return Err(section.invalid("window", "a duration above zero, at most 24h"));
    }
    Ok(CodeGuessRules {
        max_attempts: i32::from(section.get("max_attempts").u16_or(15)?),
        window,
    })
}

fn encryption(auth: &Section<'_>) -> Result<Option<EncryptionConfig>> {
    let section = auth.section("encryption");
    let key = |name: &str, variable: &str| {
        let long = format!("GOTRUE_SECURITY_DATABASE_ENCRYPTION_{variable}");
        section
            .get(name)
            .or_env(&long)
            .or_env(&format!("GOTRUE_SECURITY_DB_ENCRYPTION_{variable}"))
    };
    let encrypt = key("encrypt", "ENCRYPT").bool_or(false)?;
    let encryption_key_id = key("key_id", "ENCRYPTION_KEY_ID").string_or("")?;
    let current = key("key", "ENCRYPTION_KEY").string_or("")?;
    let mut keys: BTreeMap<String, SecretString> = BTreeMap::new();
    for (id, key) in key("decryption_keys", "DECRYPTION_KEYS")
        .string_map()?
        .unwrap_or_default()
    {
        keys.insert(id, key.into());
    }
    if encrypt && (encryption_key_id.is_empty() || current.is_empty()) {
        return Err(ConfigError::conflict(
            "auth.encryption.encrypt is on: auth.encryption.key_id and .key must be set",
        ));
    }
    if !encryption_key_id.is_empty() && !current.is_empty() {
        keys.insert(encryption_key_id.clone(), current.into());
    }
    if let Some((id, _)) = keys.iter().find(|(_, key)| decode_key(key).is_none()) {
        let message = format!("auth.encryption: the key with the id {id:?} must be 32 bytes in base64url");
        return Err(ConfigError::conflict(message));
    }
    let used = encrypt || !keys.is_empty();
    Ok(used.then_some(EncryptionConfig {
        encrypt,
        encryption_key_id,
        keys,
    }))
}

fn request_timeout(auth: &Section<'_>) -> Result<Duration> {
    let variable = "GOTRUE_API_MAX_REQUEST_DURATION";
    let timeout = auth
        .get("request_timeout")
        .or_env(variable)
        .duration_or(Duration::from_secs(10))?;
    if timeout.is_zero() {
        return Err(wrong(auth, "request_timeout", variable, "a duration above zero"));
    }
    Ok(timeout)
}

/// Shorter ones are the original's minimum.
fn flow_state_expiry(auth: &Section<'_>) -> Result<Duration> {
    const SHORTEST: Duration = Duration::from_secs(300);
    let expiry = auth
        .get("flow_state_expiry")
        .or_env("GOTRUE_EXTERNAL_FLOW_STATE_EXPIRY_DURATION")
        .duration_or(SHORTEST)?;
    Ok(expiry.max(SHORTEST))
}

/// Text for which empty means the default.
fn filled(section: &Section<'_>, key: &str, variable: &str, default: &str) -> Result<String> {
    let text = section
        .get(key)
        .or_env(variable)
        .string()?
        .filter(|text| !text.is_empty());
    Ok(text.unwrap_or_else(|| default.to_owned()))
}

/// Digits of a one-time code.
fn otp_length(section: &Section<'_>, key: &str, variable: &str) -> Result<usize> {
    let length = section.get(key).or_env(variable).u16_or(6)?;
    if !OTP_LENGTH.contains(&length) {
        return Err(wrong(section, key, variable, "6 to 10"));
    }
    Ok(usize::from(length))
}

/// The error for a value that `variable` may have given instead of `key`.
fn wrong(section: &Section<'_>, key: &str, variable: &str, expected: &str) -> ConfigError {
    match section.invalid(key, expected) {
        ConfigError::Value(bad) if bad.found == "nothing" => ConfigError::conflict(format!(
            "environment variable {variable} ({}) must be {expected}",
            bad.origin.key()
        )),
        other => other,
    }
}

#[cfg(test)]
mod tests;
