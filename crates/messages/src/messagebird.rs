//! SMS over MessageBird (auth.md 19.2).

use crate::messenger::Sms;
use crate::provider::{Api, ProviderError, parse};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub(crate) const HOME: &str = "https://rest.messagebird.com/";

/// A MessageBird account.
#[derive(Debug)]
pub(crate) struct Messagebird {
    pub(crate) api: Api,
    pub(crate) originator: String,
    pub(crate) access_key: SecretString,
}

#[derive(Deserialize)]
struct Sent {
    id: String,
    recipients: Recipients,
}

#[derive(Deserialize)]
struct Recipients {
    #[serde(rename = "totalSentCount")]
    total_sent_count: i64,
}

#[derive(Deserialize)]
struct Refusals {
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: Option<i64>,
    description: String,
}

impl Messagebird {
    /// MessageBird's id of the message.
    pub(crate) async fn send(&self, sms: &Sms) -> Result<String, ProviderError> {
        let form = [
            ("body", sms.body.as_str()),
            // Any script: without this, what is outside the GSM alphabet becomes question marks.
            ("datacoding", "unicode"),
            ("originator", &self.originator),
            ("recipients", &sms.to),
            ("type", "sms"),
        ];
        let key = format!("AccessKey {}", self.access_key.expose_secret());
        let response = self.api.post(&["messages"], Some(key), &form).await?;
        if matches!(response.status, 400 | 401 | 403 | 422) {
            let first = parse::<Refusals>(&response)?.errors.into_iter().next();
            let Refusal { code, description } = first.ok_or(ProviderError::Answer(response.status))?;
            return Err(ProviderError::Refused {
                code,
                message: description,
            });
        }
        let sent: Sent = parse(&response)?;
        if sent.recipients.total_sent_count == 0 {
            return Err(ProviderError::Refused {
                code: None,
                message: "messagebird error: total sent count is 0".to_owned(),
            });
        }
        Ok(sent.id)
    }
}
