//! `[auth.hook.<name>]` (auth.md 18).

use data_encoding::BASE64;
use ferrobase_config::{ConfigError, Section};
use secrecy::SecretString;
use url::Url;

use super::Result;
use crate::config::{HookConfig, HookTarget, HooksConfig, LOCAL_HOSTS};

/// Longest name in PostgreSQL.
const LONGEST_NAME: usize = 63;

pub(super) fn load(auth: &Section<'_>) -> Result<HooksConfig> {
    let hooks = auth.section("hook");
    Ok(HooksConfig {
        mfa_verification_attempt: hook(&hooks, "mfa_verification_attempt")?,
        password_verification_attempt: hook(&hooks, "password_verification_attempt")?,
        custom_access_token: hook(&hooks, "custom_access_token")?,
        send_email: hook(&hooks, "send_email")?,
        send_sms: hook(&hooks, "send_sms")?,
        before_user_created: hook(&hooks, "before_user_created")?,
        after_user_created: hook(&hooks, "after_user_created")?,
        before_mfa_enrollment: hook(&hooks, "before_mfa_enrollment")?,
    })
}

fn hook(hooks: &Section<'_>, name: &str) -> Result<Option<HookConfig>> {
    let section = hooks.section(name);
    let variable = |end: &str| format!("GOTRUE_HOOK_{}_{end}", name.to_ascii_uppercase());
    let enabled = section
        .get("enabled")
        .or_env(&variable("ENABLED"))
        .bool_or(false)?;
    let wrong = |what: &str| ConfigError::conflict(format!("auth.hook.{name} is enabled: {what}"));
    if !enabled {
        // A switched-off hook may name variables that are not set; looking the keys up marks them as known, no more.
        let _ = (section.get("uri").string(), section.get("secrets").string());
        return Ok(None);
    }
    let uri = section.get("uri").or_env(&variable("URI")).string_or("")?;
    let secrets = section
        .get("secrets")
        .or_env(&variable("SECRETS"))
        .string_or("")?;
    let target =
        target(&uri).map_err(|expected| super::wrong(&section, "uri", &variable("URI"), expected))?;
    let secrets = parse_secrets(&secrets)
        .ok_or_else(|| wrong("secrets must be \"v1,whsec_<base64>\", several separated by |"))?;
    if matches!(target, HookTarget::Http(_)) && secrets.is_empty() {
        return Err(wrong(
            "an HTTP hook needs secrets (\"v1,whsec_<base64>\") so that the receiver can tell us from others",
        ));
    }
    Ok(Some(HookConfig { target, secrets }))
}

fn target(uri: &str) -> std::result::Result<HookTarget, &'static str> {
    const FORMS: &str = "an http(s):// URL or pg-functions://postgres/<schema>/<function>";
    if let Some(rest) = uri.strip_prefix("pg-functions://") {
        let mut parts = rest.split('/').skip(1);
        return match (parts.next(), parts.next(), parts.next()) {
            (Some(schema), Some(function), None) if is_name(schema) && is_name(function) => {
                Ok(HookTarget::Postgres {
                    schema: schema.to_owned(),
                    function: function.to_owned(),
                })
            }
            _ => Err("pg-functions://postgres/<schema>/<function> with names of letters, digits, _ and $"),
        };
    }
    let url = Url::parse(uri).map_err(|_| FORMS)?;
    match url.scheme() {
        "https" => Ok(HookTarget::Http(url)),
        "http" if url.host_str().is_some_and(|host| LOCAL_HOSTS.contains(&host)) => Ok(HookTarget::Http(url)),
        "http" => Err("an https:// URL (http:// only for localhost)"),
        _ => Err(FORMS),
    }
}

/// An unquoted PostgreSQL name, the only kind that the original accepts.
fn is_name(name: &str) -> bool {
    let starts_well = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$';
    starts_well && name.len() <= LONGEST_NAME && name.bytes().all(good)
}

/// The keys of `v1,whsec_a|v1,whsec_b`. They are kept in base64: text is what the secret type holds; `None` when one of them is
/// malformed.
fn parse_secrets(text: &str) -> Option<Vec<SecretString>> {
    let parts = text.split('|').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let key = part.strip_prefix("v1,whsec_")?;
            let bytes = BASE64.decode(key.as_bytes()).ok()?;
            (!bytes.is_empty()).then(|| SecretString::from(key.to_owned()))
        })
        .collect()
}
