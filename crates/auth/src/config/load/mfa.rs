//! `[auth.mfa]`.

use std::time::Duration;

use ferrobase_config::{ConfigError, Section};

use super::{Result, filled, otp_length, wrong};
use crate::config::{FactorSwitches, MfaConfig};

/// Shortest life of challenges and unverified factors (auth.md §21).
const SHORTEST_EXPIRY: Duration = Duration::from_secs(300);
/// Most codes of a set, ours: all are hashed at each attempt.
const MOST_RECOVERY_CODES: u16 = 50;
/// Most factors that can be allowed.
const MOST_FACTORS: i64 = 1000;

pub(super) fn load(auth: &Section<'_>) -> Result<MfaConfig> {
    let mfa = auth.section("mfa");
    let phone = mfa.section("phone");
    Ok(MfaConfig {
        // Off like the CLI's file, although the original's own default for TOTP is on (auth.md 25).
        totp: switches(&mfa, "totp", false)?,
        phone: switches(&mfa, "phone", false)?,
        web_authn: switches(&mfa, "web_authn", false)?,
        recovery_codes: switches(&mfa, "recovery_codes", true)?,
        recovery_code_count: recovery_code_count(&mfa)?,
        max_enrolled_factors: factor_limit(&mfa, "max_enrolled_factors", "GOTRUE_MFA_MAX_ENROLLED_FACTORS")?,
        max_verified_factors: factor_limit(&mfa, "max_verified_factors", "GOTRUE_MFA_MAX_VERIFIED_FACTORS")?,
        challenge_expiry: expiry(&mfa, "challenge_expiry", "GOTRUE_MFA_CHALLENGE_EXPIRY_DURATION")?,
        factor_expiry: expiry(&mfa, "factor_expiry", "GOTRUE_MFA_FACTOR_EXPIRY_DURATION")?,
        phone_otp_length: otp_length(&phone, "otp_length", "GOTRUE_MFA_PHONE_OTP_LENGTH")?,
        phone_max_frequency: phone
            .get("max_frequency")
            .or_env("GOTRUE_MFA_PHONE_MAX_FREQUENCY")
            .duration_or(Duration::from_secs(5))?,
        phone_template: filled(
            &phone,
            "template",
            "GOTRUE_MFA_PHONE_TEMPLATE",
            "Your code is {{ .Code }}",
        )?,
        reject_replayed_codes: mfa.section("totp").get("reject_replayed_codes").bool_or(true)?,
        max_attempts_per_challenge: attempts(&mfa, "max_attempts_per_challenge", 5)?,
        max_attempts_per_factor: attempts(&mfa, "max_attempts_per_factor", 15)?,
        attempt_window: attempt_window(&mfa)?,
    })
}

fn switches(mfa: &Section<'_>, kind: &str, default: bool) -> Result<FactorSwitches> {
    let section = mfa.section(kind);
    let read = |key: &str, action: &str| {
        let variable = format!("GOTRUE_MFA_{}_{action}_ENABLED", kind.to_ascii_uppercase());
        section.get(key).or_env(&variable).bool_or(default)
    };
    Ok(FactorSwitches {
        enroll: read("enroll_enabled", "ENROLL")?,
        verify: read("verify_enabled", "VERIFY")?,
    })
}

fn factor_limit(mfa: &Section<'_>, key: &str, variable: &str) -> Result<i64> {
    let limit = mfa.get(key).or_env(variable).i64_or(10)?;
    if !(0..=MOST_FACTORS).contains(&limit) {
        return Err(wrong(mfa, key, variable, "0 to 1000"));
    }
    Ok(limit)
}

/// A shorter time than the original's minimum is raised to it, as there.
fn expiry(mfa: &Section<'_>, key: &str, variable: &str) -> Result<Duration> {
    Ok(mfa
        .get(key)
        .or_env(variable)
        .duration_or(SHORTEST_EXPIRY)?
        .max(SHORTEST_EXPIRY))
}

fn attempts(mfa: &Section<'_>, key: &str, default: u16) -> Result<i32> {
    Ok(i32::from(mfa.get(key).u16_or(default)?))
}

fn attempt_window(mfa: &Section<'_>) -> Result<Duration> {
    let window = mfa.get("attempt_window").duration_or(Duration::from_secs(300))?;
    if window.is_zero() {
        return Err(mfa.invalid("attempt_window", "a duration above zero"));
    }
    Ok(window)
}

fn recovery_code_count(mfa: &Section<'_>) -> std::result::Result<usize, ConfigError> {
    let section = mfa.section("recovery_codes");
    let count = section.get("count").u16_or(10)?;
    if !(1..=MOST_RECOVERY_CODES).contains(&count) {
        return Err(section.invalid("count", "1 to 50"));
    }
    Ok(usize::from(count))
}
