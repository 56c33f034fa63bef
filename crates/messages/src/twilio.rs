//! SMS and WhatsApp over Twilio's Messages API (auth.md 19.2).

use crate::messenger::{Sms, SmsChannel};
use data_encoding::BASE64;
use ferrobase_http::{Outgoing, OutgoingError, OutgoingRequest};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;
use url::Url;

const API: &str = "https://api.twilio.com/";
const TIMEOUT: Duration = Duration::from_secs(10);
/// An answer is a few hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// A Twilio account.
#[derive(Debug)]
pub(crate) struct Twilio {
    pub(crate) outgoing: Outgoing,
    pub(crate) account_sid: String,
    pub(crate) auth_token: SecretString,
    pub(crate) message_service_sid: String,
    pub(crate) base_url: Option<Url>,
}

/// Why Twilio did not take a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TwilioError {
    #[error("no answer in time")]
    Timeout,
    #[error("not reachable: {0}")]
    Unavailable(String),
    #[error("answer {0} is not understood")]
    Answer(u16),
    /// The message is left out of the text, and so of the log: it often has the telephone number in it.
    #[error("refused with code {code:?}")]
    Refused { code: Option<i64>, message: String },
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

impl Twilio {
    /// Twilio's id of the message.
    pub(crate) async fn send(&self, sms: &Sms) -> Result<String, TwilioError> {
        let response = self
            .outgoing
            .send(self.request(sms)?)
            .await
            .map_err(|error| match error {
                OutgoingError::Timeout => TwilioError::Timeout,
                other => TwilioError::Unavailable(other.to_string()),
            })?;
        let unknown = TwilioError::Answer(response.status);
        let Ok(answer) = serde_json::from_slice::<Answer>(&response.body) else {
            return Err(unknown);
        };
        if !matches!(response.status, 200 | 201) {
            let Some(mut message) = answer.message else {
                return Err(unknown);
            };
            if let Some(more) = answer.more_info {
                message = format!("{message} More information: {more}");
            }
            return Err(TwilioError::Refused {
                code: answer.code,
                message,
            });
        }
        let failed = matches!(answer.status.as_str(), Some("failed" | "undelivered"));
        if failed || answer.error_code.is_some() {
            let message = answer
                .error_message
                .unwrap_or_else(|| "the message was not delivered".to_owned());
            return Err(TwilioError::Refused {
                code: answer.error_code,
                message,
            });
        }
        answer.sid.ok_or(unknown)
    }

    fn request(&self, sms: &Sms) -> Result<OutgoingRequest, TwilioError> {
        let unusable = |()| TwilioError::Unavailable("the configured URL is not usable".to_owned());
        let mut url = match &self.base_url {
            Some(url) => url.clone(),
            None => Url::parse(API).map_err(|_| unusable(()))?,
        };
        url.path_segments_mut().map_err(unusable)?.pop_if_empty().extend([
            "2010-04-01",
            "Accounts",
            &self.account_sid,
            "Messages.json",
        ]);
        let body = serde_urlencoded::to_string(self.form(sms))
            .map_err(|_| TwilioError::Unavailable("the message cannot be encoded".to_owned()))?;
        let login = format!("{}:{}", self.account_sid, self.auth_token.expose_secret());
        Ok(OutgoingRequest {
            method: Method::POST,
            url,
            headers: vec![
                (
                    "content-type".to_owned(),
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                (
                    "authorization".to_owned(),
                    format!("Basic {}", BASE64.encode(login.as_bytes())),
                ),
            ],
            body: body.into_bytes(),
            timeout: TIMEOUT,
            max_response: MAX_ANSWER,
        })
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
    use ferrobase_http::Policy;

    fn form(sender: &str, channel: SmsChannel) -> String {
        let twilio = Twilio {
            outgoing: Outgoing::new(&Policy {
                allow_private: true,
                user_agent: "t".to_owned(),
            })
            .unwrap(),
            account_sid: "AC1".to_owned(),
            auth_token: "secret".into(),
            message_service_sid: sender.to_owned(),
            base_url: None,
        };
        let request = twilio
            .request(&Sms {
                to: "4915112345678".to_owned(),
                body: "Your code is 1".to_owned(),
                channel,
            })
            .unwrap();
        assert_eq!(
            request.url.as_str(),
            "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
        );
        assert!(!format!("{twilio:?}").contains("secret"));
        String::from_utf8(request.body).unwrap()
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
