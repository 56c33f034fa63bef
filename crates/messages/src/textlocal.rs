//! SMS over Textlocal (auth.md 19.2). It tells failures in the body, whatever the status.

use crate::messenger::Sms;
use crate::provider::{Api, ProviderError, parse};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub(crate) const HOME: &str = "https://api.textlocal.in/";

/// A Textlocal account.
#[derive(Debug)]
pub(crate) struct Textlocal {
    pub(crate) api: Api,
    pub(crate) sender: String,
    pub(crate) api_key: SecretString,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    status: String,
    #[serde(default)]
    errors: Vec<Failure>,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Failure {
    code: i64,
    message: String,
}

#[derive(Deserialize)]
struct Message {
    /// A number or text, by the account's age.
    id: serde_json::Value,
}

impl Textlocal {
    /// Textlocal's id of the message.
    pub(crate) async fn send(&self, sms: &Sms) -> Result<String, ProviderError> {
        let form = [
            ("apikey", self.api_key.expose_secret()),
            ("message", sms.body.as_str()),
            ("numbers", &sms.to),
            ("sender", &self.sender),
        ];
        let response = self.api.post(&["send"], None, &form).await?;
        let answer: Answer = parse(&response)?;
        if let Some(Failure { code, message }) = answer.errors.into_iter().next() {
            return Err(ProviderError::Refused {
                code: Some(code),
                message: format!("textlocal error: {message} (code: {code})"),
            });
        }
        if answer.status != "success" {
            return Err(ProviderError::Refused {
                code: None,
                message: "textlocal error: Internal Error".to_owned(),
            });
        }
        let id = answer.messages.into_iter().next().map(|message| message.id);
        Ok(match id {
            Some(serde_json::Value::String(id)) => id,
            Some(serde_json::Value::Number(id)) => id.to_string(),
            _ => String::new(),
        })
    }
}
