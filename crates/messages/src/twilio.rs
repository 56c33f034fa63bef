//! SMS and WhatsApp over Twilio's Messages API (auth.md 19.2).

use crate::messenger::{Sms, SmsChannel};
use crate::provider::{Api, ProviderError, basic};
use ferrobase_http::OutgoingResponse;
use secrecy::SecretString;
use serde::Deserialize;

pub(crate) const HOME: &str = "https://api.twilio.com/";

/// A Twilio account.
#[derive(Debug)]
pub(crate) struct Twilio {
    pub(crate) api: Api,
    pub(crate) account_sid: String,
    pub(crate) auth_token: SecretString,
    pub(crate) message_service_sid: String,
}

/// The fields of both kinds of answer that matter.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    sid: Option<String>,
    status: serde_json::Value,
    error_code: Option<i64>,
    error_message: Option<String>,
    code: Option<i64>,
    message: Option<String>,
    more_info: Option<String>,
}

/// What Twilio says about a refused request, on all of its APIs.
pub(crate) fn refusal(response: &OutgoingResponse) -> ProviderError {
    let unknown = ProviderError::Answer(response.status);
    let Ok(answer) = serde_json::from_slice::<Answer>(&response.body) else {
        return unknown;
    };
    let Some(mut message) = answer.message else {
        return unknown;
    };
    if let Some(more) = answer.more_info {
        message = format!("{message} More information: {more}");
    }
    ProviderError::Refused {
        code: answer.code,
        message,
    }
}

impl Twilio {
    /// Twilio's id of the message.
    pub(crate) async fn send(&self, sms: &Sms) -> Result<String, ProviderError> {
        let path = ["2010-04-01", "Accounts", &self.account_sid, "Messages.json"];
        let form = self.form(sms);
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let login = basic(&self.account_sid, &self.auth_token);
        let response = self.api.post(&path, Some(login), &form).await?;
        if !matches!(response.status, 200 | 201) {
            return Err(refusal(&response));
        }
        let unknown = ProviderError::Answer(response.status);
        let Ok(answer) = serde_json::from_slice::<Answer>(&response.body) else {
            return Err(unknown);
        };
        let failed = matches!(answer.status.as_str(), Some("failed" | "undelivered"));
        if failed || answer.error_code.is_some() {
            let message = answer
                .error_message
                .unwrap_or_else(|| "the message was not delivered".to_owned());
            return Err(ProviderError::Refused {
                code: answer.error_code,
                message,
            });
        }
        answer.sid.ok_or(unknown)
    }

    fn form(&self, sms: &Sms) -> [(&'static str, String); 3] {
        let sender = self.message_service_sid.trim();
        let digits = sender.trim_start_matches('+');
        let is_number = digits.len() > 1 && digits.bytes().all(|b| b.is_ascii_digit());
        let prefix = match sms.channel {
            SmsChannel::Sms => "",
            SmsChannel::Whatsapp => "whatsapp:",
        };
        let from = if sender.starts_with("MG") {
            // A messaging service chooses the sender itself, whatever the channel.
            ("MessagingServiceSid", sender.to_owned())
        } else if is_number && sms.channel == SmsChannel::Whatsapp {
            ("From", format!("{prefix}+{digits}"))
        } else {
            ("From", sender.to_owned())
        };
        [
            ("To", format!("{prefix}+{}", sms.to)),
            from,
            ("Body", sms.body.clone()),
        ]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ferrobase_http::{Outgoing, Policy};

    fn form(sender: &str, channel: SmsChannel) -> String {
        let outgoing = Outgoing::new(&Policy {
            allow_private: true,
            idle_per_host: 4,
            user_agent: "t".to_owned(),
        });
        let twilio = Twilio {
            api: Api {
                outgoing: outgoing.unwrap(),
                base_url: None,
                home: HOME,
            },
            account_sid: "AC1".to_owned(),
            auth_token: "secret".into(),
            message_service_sid: sender.to_owned(),
        };
        assert!(!format!("{twilio:?}").contains("secret"));
        let form = twilio.form(&Sms {
            to: "4915112345678".to_owned(),
            body: "Your code is 1".to_owned(),
            channel,
        });
        serde_urlencoded::to_string(form).unwrap()
    }

    #[test]
    fn senders_and_channels() {
        use SmsChannel::{Sms, Whatsapp};
        assert_eq!(
            form("MG1", Sms),
            "To=%2B4915112345678&MessagingServiceSid=MG1&Body=Your+code+is+1"
        );
        assert_eq!(
            form("+1555", Sms),
            "To=%2B4915112345678&From=%2B1555&Body=Your+code+is+1"
        );
        assert_eq!(
            form("MG1", Whatsapp),
            "To=whatsapp%3A%2B4915112345678&MessagingServiceSid=MG1&Body=Your+code+is+1"
        );
        assert_eq!(
            form("+1555", Whatsapp),
            "To=whatsapp%3A%2B4915112345678&From=whatsapp%3A%2B1555&Body=Your+code+is+1"
        );
    }
}
