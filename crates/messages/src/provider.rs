//! What the SMS providers have in common: a form posted to an address, and an answer in JSON.

use data_encoding::BASE64;
use ferrobase_http::{Outgoing, OutgoingError, OutgoingRequest, OutgoingResponse};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(10);
/// An answer is a few hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Why a provider did not take a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
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

/// Where a provider's API is and the way there.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) outgoing: Outgoing,
    /// Stands in for `home`; tests and proxies have one.
    pub(crate) base_url: Option<Url>,
    /// The provider's own address.
    pub(crate) home: &'static str,
}

impl Api {
    /// Posts `form` to `path` below the API.
    pub(crate) async fn post(
        &self,
        path: &[&str],
        authorization: Option<String>,
        form: &[(&str, &str)],
    ) -> Result<OutgoingResponse, ProviderError> {
        let request = self.request(path, authorization, form)?;
        self.outgoing.send(request).await.map_err(|error| match error {
            OutgoingError::Timeout => ProviderError::Timeout,
            other => ProviderError::Unavailable(other.to_string()),
        })
    }

    pub(crate) fn request(
        &self,
        path: &[&str],
        authorization: Option<String>,
        form: &[(&str, &str)],
    ) -> Result<OutgoingRequest, ProviderError> {
        let unusable = |()| ProviderError::Unavailable("the configured URL is not usable".to_owned());
        let mut url = match &self.base_url {
            Some(url) => url.clone(),
            None => Url::parse(self.home).map_err(|_| unusable(()))?,
        };
        url.path_segments_mut()
            .map_err(unusable)?
            .pop_if_empty()
            .extend(path);
        let body = serde_urlencoded::to_string(form)
            .map_err(|_| ProviderError::Unavailable("the message cannot be encoded".to_owned()))?;
        let form_type = "application/x-www-form-urlencoded".to_owned();
        let mut headers = vec![("content-type".to_owned(), form_type)];
        headers.extend(authorization.map(|value| ("authorization".to_owned(), value)));
        Ok(OutgoingRequest {
            method: Method::POST,
            url,
            headers,
            body: body.into_bytes(),
            timeout: TIMEOUT,
            max_response: MAX_ANSWER,
        })
    }
}

/// The answer's JSON.
pub(crate) fn parse<T: DeserializeOwned>(response: &OutgoingResponse) -> Result<T, ProviderError> {
    serde_json::from_slice(&response.body).map_err(|_| ProviderError::Answer(response.status))
}

/// HTTP Basic.
pub(crate) fn basic(user: &str, password: &SecretString) -> String {
    let login = format!("{user}:{}", password.expose_secret());
    format!("Basic {}", BASE64.encode(login.as_bytes()))
}
