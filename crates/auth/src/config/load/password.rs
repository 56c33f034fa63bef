//! What passwords must be: `[auth]`, `[auth.email]` and, ours, `[auth.leaked_passwords]`.

use std::time::Duration;

use ferrobase_config::Section;
use url::Url;

use super::{Result, wrong};
use crate::config::{LeakedPasswordsConfig, PasswordRules};

/// The corpus that the original asks.
const CORPUS: &str = "https://api.pwnedpasswords.com/";

pub(super) const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
pub(super) const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub(super) const DIGITS: &str = "0123456789";
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{};'\\:\"|<>?,./`~";

pub(super) fn load(auth: &Section<'_>) -> Result<PasswordRules> {
    let variable = "GOTRUE_PASSWORD_MIN_LENGTH";
    let min_length = auth.get("minimum_password_length").or_env(variable).u16_or(6)?;
    if !(6..=72).contains(&min_length) {
        return Err(wrong(auth, "minimum_password_length", variable, "6 to 72"));
    }
    let email = auth.section("email");
    Ok(PasswordRules {
        min_length: usize::from(min_length),
        required_characters: required_characters(auth)?,
        require_reauthentication: email
            .get("secure_password_change")
            .or_env("GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION")
            .bool_or(false)?,
        require_current_password: email
            .get("require_current_password")
            .or_env("GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD")
            .bool_or(false)?,
    })
}

fn required_characters(auth: &Section<'_>) -> Result<Vec<String>> {
    let names = [
        "",
        "letters_digits",
        "lower_upper_letters_digits",
        "lower_upper_letters_digits_symbols",
    ];
    let sets: &[&str] = match auth.get("password_requirements").one_of(&names)?.as_deref() {
        Some("letters_digits") => &[LETTERS, DIGITS],
        Some("lower_upper_letters_digits") => &[LOWER, UPPER, DIGITS],
        Some("lower_upper_letters_digits_symbols") => &[LOWER, UPPER, DIGITS, SYMBOLS],
        Some(_) => &[],
        None => {
            let own = auth
                .get("password_required_characters")
                .or_env("GOTRUE_PASSWORD_REQUIRED_CHARACTERS");
            return Ok(character_sets(&own.string_or("")?));
        }
    };
    Ok(sets.iter().map(|&set| set.to_owned()).collect())
}

/// Splits `abc:0123` at colons; `\:` is a colon in a set.
fn character_sets(text: &str) -> Vec<String> {
    let mut sets = vec![String::new()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        if let (Some(set), escaped) = (sets.last_mut(), before.strip_suffix('\\')) {
            set.push_str(escaped.unwrap_or(before));
            if escaped.is_some() {
                set.push(':');
            } else {
                sets.push(String::new());
            }
        }
        rest = after;
    }
    if let Some(set) = sets.last_mut() {
        set.push_str(rest);
    }
    sets.retain(|set| !set.is_empty());
    sets
}

/// The check against known leaks; `None` = off.
pub(super) fn leaked(auth: &Section<'_>) -> Result<Option<LeakedPasswordsConfig>> {
    let leaked = auth.section("leaked_passwords");
    let enabled = leaked
        .get("enabled")
        .or_env("GOTRUE_PASSWORD_HIBP_ENABLED")
        .bool_or(false)?;
    let fail_closed = leaked
        .get("fail_closed")
        .or_env("GOTRUE_PASSWORD_HIBP_FAIL_CLOSED")
        .bool_or(false)?;
    let user_agent = leaked
        .get("user_agent")
        .or_env("GOTRUE_PASSWORD_HIBP_USER_AGENT")
        .string()?
        .filter(|name| !name.is_empty());
    if user_agent
        .as_deref()
        .is_some_and(|name| name.chars().any(char::is_control))
    {
        return Err(leaked.invalid("user_agent", "text on one line"));
    }
    let base_url = Url::parse(&leaked.get("base_url").string_or(CORPUS)?)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(|| leaked.invalid("base_url", "a URL"))?;
    let timeout = leaked.get("timeout").duration_or(Duration::from_secs(5))?;
    Ok(enabled.then_some(LeakedPasswordsConfig {
        fail_closed,
        user_agent,
        base_url,
        timeout,
    }))
}
