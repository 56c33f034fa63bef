//! Codes over Twilio's Verify API (auth.md 19.2): Twilio makes the code, writes the message and checks what is typed.

use crate::messenger::{Sms, SmsChannel};
use crate::provider::{Api, ProviderError, basic, parse};
use crate::twilio::refusal;
use secrecy::SecretString;
use serde::Deserialize;

pub(crate) const HOME: &str = "https://verify.twilio.com/";

/// A verification service of a Twilio account.
#[derive(Debug)]
pub(crate) struct TwilioVerify {
    pub(crate) api: Api,
    pub(crate) account_sid: String,
    pub(crate) auth_token: SecretString,
    pub(crate) service_sid: String,
}

#[derive(Deserialize)]
struct Started {
    sid: String,
}

#[derive(Deserialize)]
struct Checked {
    #[serde(default)]
    status: String,
    #[serde(default)]
    valid: bool,
}

impl TwilioVerify {
    /// Sends a code of Twilio's own; the text of `sms` is not used. Twilio's id of the verification.
    pub(crate) async fn start(&self, sms: &Sms) -> Result<String, ProviderError> {
        let to = format!("+{}", sms.to);
        let channel = match sms.channel {
            SmsChannel::Sms => "sms",
            SmsChannel::Whatsapp => "whatsapp",
        };
        let form = [("Channel", channel), ("To", &to)];
        let path = ["v2", "Services", &self.service_sid, "Verifications"];
        let login = basic(&self.account_sid, &self.auth_token);
        let response = self.api.post(&path, Some(login), &form).await?;
        if !matches!(response.status, 200 | 201) {
            return Err(refusal(&response));
        }
        Ok(parse::<Started>(&response)?.sid)
    }

    /// Whether `code` is the one that Twilio sent to `phone` last. A verification that is over (expired, used, guessed
    /// at too often) is unknown to Twilio: 404.
    pub(crate) async fn check(&self, phone: &str, code: &str) -> Result<bool, ProviderError> {
        let to = format!("+{phone}");
        let form = [("Code", code), ("To", &to)];
        let path = ["v2", "Services", &self.service_sid, "VerificationCheck"];
        let login = basic(&self.account_sid, &self.auth_token);
        let response = self.api.post(&path, Some(login), &form).await?;
        match response.status {
            200 | 201 => {
                let checked: Checked = parse(&response)?;
                Ok(checked.status == "approved" && checked.valid)
            }
            404 => Ok(false),
            _ => Err(refusal(&response)),
        }
    }
}
