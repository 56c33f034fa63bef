//! `[auth.sms]`.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ferrobase_config::{ConfigError, Section};
use ferrobase_messages::SmsTransport;

use self::transport::Provider;
use super::{Result, filled, otp_length, wrong};
use crate::config::SmsConfig;
use crate::model::address::{is_phone, phone_digits};

mod transport;

/// Longest fixed code.
const LONGEST_CODE: usize = 10;

/// `hook` says that the send_sms hook is on: it then sends everything, whatever provider is configured.
pub(super) fn load(auth: &Section<'_>, hook: bool) -> Result<SmsConfig> {
    let sms = auth.section("sms");
    let provider = provider(&sms)?;
    for other in Provider::ALL.into_iter().filter(|other| Some(*other) != provider) {
        transport::skip(&sms, other);
    }
    let transport = match provider {
        Some(provider) if hook => {
            transport::skip(&sms, provider);
            SmsTransport::Inbox
        }
        Some(provider) => transport::load(&sms, provider)?,
        None => SmsTransport::Inbox,
    };
    Ok(SmsConfig {
        enabled: sms
            .get("enabled")
            .old_name("enable_signup")
            .or_env("GOTRUE_EXTERNAL_PHONE_ENABLED")
            .bool_or(false)?,
        autoconfirm: !sms
            .get("enable_confirmations")
            .or_env_negated("GOTRUE_SMS_AUTOCONFIRM")
            .bool_or(false)?,
        max_frequency: sms
            .get("max_frequency")
            .or_env("GOTRUE_SMS_MAX_FREQUENCY")
            .duration_or(Duration::from_secs(5))?,
        otp_length: otp_length(&sms, "otp_length", "GOTRUE_SMS_OTP_LENGTH")?,
        otp_expiry: sms
            .get("otp_expiry")
            .or_env("GOTRUE_SMS_OTP_EXP")
            .duration_or(Duration::from_secs(6000))?,
        template: filled(
            &sms,
            "template",
            "GOTRUE_SMS_TEMPLATE",
            "Your code is {{ .Code }}",
        )?,
        test_otp: test_otp(&sms)?,
        test_otp_valid_until: valid_until(&sms)?,
        transport,
        provider_name: provider.map(Provider::name).unwrap_or_default().to_owned(),
    })
}

/// The provider that is on. The original's variable decides when the file switches none on.
fn provider(sms: &Section<'_>) -> Result<Option<Provider>> {
    let mut enabled = Vec::new();
    for provider in Provider::ALL {
        if sms.section(provider.name()).get("enabled").bool_or(false)? {
            enabled.push(provider);
        }
    }
    if enabled.len() > 1 {
        let names: Vec<&str> = enabled.iter().map(|provider| provider.name()).collect();
        let names = names.join(", auth.sms.");
        return Err(ConfigError::conflict(format!(
            "only one SMS provider can be enabled, found auth.sms.{names}"
        )));
    }
    let named = sms
        .get("provider")
        .or_env("GOTRUE_SMS_PROVIDER")
        .string()?
        .unwrap_or_default();
    if enabled.is_empty() && !named.is_empty() {
        let known = Provider::ALL
            .into_iter()
            .find(|provider| provider.name() == named);
        return known.map(Some).ok_or_else(|| {
            ConfigError::conflict(format!(
                "GOTRUE_SMS_PROVIDER (auth.sms.provider) must be one of {}",
                Provider::ALL.map(Provider::name).join(", ")
            ))
        });
    }
    Ok(enabled.pop())
}

/// The end of the fixed codes, so that they are not forgotten where people sign in.
fn valid_until(sms: &Section<'_>) -> Result<Option<DateTime<Utc>>> {
    const KEY: &str = "test_otp_valid_until";
    const VARIABLE: &str = "GOTRUE_SMS_TEST_OTP_VALID_UNTIL";
    let text = sms.get(KEY).or_env(VARIABLE).string()?;
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    DateTime::parse_from_rfc3339(&text)
        .map(|until| Some(until.with_timezone(&Utc)))
        .map_err(|_| wrong(sms, KEY, VARIABLE, "a time such as \"2030-01-31T00:00:00Z\""))
}

/// Numbers with a fixed code, by their digits.
fn test_otp(sms: &Section<'_>) -> Result<BTreeMap<String, String>> {
    let mut codes = BTreeMap::new();
    for (phone, code) in sms
        .get("test_otp")
        .or_env("GOTRUE_SMS_TEST_OTP")
        .string_map()?
        .unwrap_or_default()
    {
        let digits = phone_digits(&phone);
        let is_code = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
        if !is_phone(&digits) || !is_code {
            let message =
                format!("auth.sms.test_otp: {phone:?} must be a phone number with a code of 1 to 10 digits");
            return Err(ConfigError::conflict(message));
        }
        codes.insert(digits, code);
    }
    Ok(codes)
}
