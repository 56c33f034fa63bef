//! The sections of the SMS providers, `[auth.sms.<provider>]`.
//!
//! Each has a `base_url` of ours besides the keys of the CLI's file: where the provider's API is, for tests and proxies.

use ferrobase_config::Section;
use ferrobase_messages::SmsTransport;
use url::Url;

use crate::config::load::{Result, filled};

/// A provider of the original, of which one can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Twilio,
    TwilioVerify,
    Messagebird,
    Textlocal,
    Vonage,
}

impl Provider {
    pub(super) const ALL: [Self; 5] = [
        Self::Twilio,
        Self::TwilioVerify,
        Self::Messagebird,
        Self::Textlocal,
        Self::Vonage,
    ];

    /// Name of the section, and of the provider in `/settings`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::TwilioVerify => "twilio_verify",
            Self::Messagebird => "messagebird",
            Self::Textlocal => "textlocal",
            Self::Vonage => "vonage",
        }
    }

    /// What the section has to say; the last is a secret. The variables are named after the keys.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Twilio | Self::TwilioVerify => &["account_sid", "message_service_sid", "auth_token"],
            Self::Messagebird => &["originator", "access_key"],
            Self::Textlocal => &["sender", "api_key"],
            Self::Vonage => &["from", "api_key", "api_secret"],
        }
    }
}

/// Marks the keys of a provider that is off as known. The CLI's file names unset variables there: what cannot be read does
/// not matter.
pub(super) fn skip(sms: &Section<'_>, provider: Provider) {
    let _ = read(sms, provider);
}

/// The transport of the provider that is on.
pub(super) fn load(sms: &Section<'_>, provider: Provider) -> Result<SmsTransport> {
    let (values, base_url) = read(sms, provider)?;
    let missing = || {
        let keys = provider.keys().join(", ");
        sms.section(provider.name())
            .invalid("enabled", format!("false, or {keys} must be set"))
    };
    if values.iter().any(String::is_empty) {
        return Err(missing());
    }
    let mut values = values.into_iter();
    let mut next = || values.next().ok_or_else(missing);
    Ok(match provider {
        Provider::Twilio => SmsTransport::Twilio {
            account_sid: next()?,
            message_service_sid: next()?,
            auth_token: next()?.into(),
            base_url,
        },
        Provider::TwilioVerify => SmsTransport::TwilioVerify {
            account_sid: next()?,
            message_service_sid: next()?,
            auth_token: next()?.into(),
            base_url,
        },
        Provider::Messagebird => SmsTransport::Messagebird {
            originator: next()?,
            access_key: next()?.into(),
            base_url,
        },
        Provider::Textlocal => SmsTransport::Textlocal {
            sender: next()?,
            api_key: next()?.into(),
            base_url,
        },
        Provider::Vonage => SmsTransport::Vonage {
            from: next()?,
            api_key: next()?,
            api_secret: next()?.into(),
            base_url,
        },
    })
}

/// The values in the order of [`Provider::keys`], empty where there is none.
fn read(sms: &Section<'_>, provider: Provider) -> Result<(Vec<String>, Option<Url>)> {
    let section = sms.section(provider.name());
    let base_url = match section.get("base_url").string() {
        Ok(Some(text)) if !text.is_empty() => {
            Some(Url::parse(&text).map_err(|_| section.invalid("base_url", "a URL"))?)
        }
        Ok(_) => None,
        Err(error) => return Err(error),
    };
    let prefix = provider.name().to_ascii_uppercase();
    // All keys are looked up before the first mistake is told, so that none of them counts as unknown.
    let values: Vec<Result<String>> = provider
        .keys()
        .iter()
        .map(|key| {
            let variable = format!("GOTRUE_SMS_{prefix}_{}", key.to_ascii_uppercase());
            filled(&section, key, &variable, "")
        })
        .collect();
    Ok((values.into_iter().collect::<Result<_>>()?, base_url))
}
