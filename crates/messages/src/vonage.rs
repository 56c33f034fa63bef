//! SMS over Vonage (auth.md 19.2). It tells failures in the body, whatever the status.

use crate::messenger::Sms;
use crate::provider::{Api, ProviderError, parse};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub(crate) const HOME: &str = "https://rest.nexmo.com/";

/// A Vonage account.
#[derive(Debug)]
pub(crate) struct Vonage {
    pub(crate) api: Api,
    pub(crate) from: String,
    pub(crate) api_key: String,
    pub(crate) api_secret: SecretString,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    messages: Vec<Part>,
}

/// One part of the message; the first tells the fate of all.
#[derive(Deserialize)]
struct Part {
    #[serde(default, rename = "message-id")]
    id: String,
    #[serde(default)]
    status: String,
    #[serde(default, rename = "error-text")]
    error: String,
}

impl Vonage {
    /// Vonage's id of the message.
    pub(crate) async fn send(&self, sms: &Sms) -> Result<String, ProviderError> {
        let mut form = vec![
            ("api_key", self.api_key.as_str()),
            ("api_secret", self.api_secret.expose_secret()),
            ("from", &self.from),
            ("text", &sms.body),
            ("to", &sms.to),
        ];
        if !sms.body.is_ascii() {
            form.push(("type", "unicode"));
        }
        let response = self.api.post(&["sms", "json"], None, &form).await?;
        let answer: Answer = parse(&response)?;
        let Some(part) = answer.messages.into_iter().next() else {
            return Err(ProviderError::Refused {
                code: None,
                message: "vonage error: Internal Error".to_owned(),
            });
        };
        if part.status != "0" {
            return Err(ProviderError::Refused {
                code: part.status.parse().ok(),
                message: format!(
                    "vonage error: {} (status: {}) for message {}",
                    part.error, part.status, part.id
                ),
            });
        }
        Ok(part.id)
    }
}
