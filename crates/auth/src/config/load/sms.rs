//! `[auth.sms]`.

use std::collections::BTreeMap;
use std::time::Duration;

use ferrobase_config::{ConfigError, Section};
use ferrobase_messages::SmsTransport;
use url::Url;

use super::{Result, filled, otp_length};
use crate::config::SmsConfig;
use crate::model::address::{is_phone, phone_digits};

/// Providers of the original, of which one can be on.
const PROVIDERS: [&str; 5] = ["twilio", "twilio_verify", "messagebird", "textlocal", "vonage"];
/// Longest fixed code.
const LONGEST_CODE: usize = 10;

/// `hook` says that the send_sms hook is on: it then sends everything, whatever provider is configured.
pub(super) fn load(auth: &Section<'_>, hook: bool) -> Result<SmsConfig> {
    let sms = auth.section("sms");
    let provider = provider(&sms)?;
    // The CLI's file names unset variables in the section of a provider that is off: what cannot be read there does not matter.
    let twilio = twilio(&sms);
    let transport = match provider {
        _ if hook => SmsTransport::Inbox,
        Some("twilio") => twilio?.ok_or_else(|| {
            let keys = "account_sid, auth_token and message_service_sid";
            ConfigError::conflict(format!("auth.sms.twilio is enabled: {keys} must be set"))
        })?,
        Some(other) => {
            let expected =
                "false (this provider is not supported yet: use auth.sms.twilio or the send_sms hook)";
            return Err(sms.section(other).invalid("enabled", expected));
        }
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
        transport,
        provider_name: provider.unwrap_or_default().to_owned(),
    })
}

/// The provider that is on. The original's variable decides when the file switches none on.
fn provider(sms: &Section<'_>) -> Result<Option<&'static str>> {
    let mut enabled = Vec::new();
    for name in PROVIDERS {
        if sms.section(name).get("enabled").bool_or(false)? {
            enabled.push(name);
        }
    }
    if enabled.len() > 1 {
        let names = enabled.join(", auth.sms.");
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
        let known = PROVIDERS.into_iter().find(|name| *name == named);
        return known.map(Some).ok_or_else(|| {
            ConfigError::conflict(format!(
                "GOTRUE_SMS_PROVIDER (auth.sms.provider) must be one of {}",
                PROVIDERS.join(", ")
            ))
        });
    }
    Ok(enabled.pop())
}

fn twilio(sms: &Section<'_>) -> Result<Option<SmsTransport>> {
    let twilio = sms.section("twilio");
    let account_sid = filled(&twilio, "account_sid", "GOTRUE_SMS_TWILIO_ACCOUNT_SID", "")?;
    let auth_token = filled(&twilio, "auth_token", "GOTRUE_SMS_TWILIO_AUTH_TOKEN", "")?;
    let message_service_sid = filled(
        &twilio,
        "message_service_sid",
        "GOTRUE_SMS_TWILIO_MESSAGE_SERVICE_SID",
        "",
    )?;
    let base_url = match twilio.get("base_url").string()? {
        Some(text) if !text.is_empty() => {
            Some(Url::parse(&text).map_err(|_| twilio.invalid("base_url", "a URL"))?)
        }
        _ => None,
    };
    if account_sid.is_empty() || auth_token.is_empty() || message_service_sid.is_empty() {
        return Ok(None);
    }
    Ok(Some(SmsTransport::Twilio {
        account_sid,
        auth_token: auth_token.into(),
        message_service_sid,
        base_url,
    }))
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
