//! Bodies of mails that are fetched (auth.md 19.1, `GOTRUE_MAILER_TEMPLATES_*`).
//!
//! They are fetched at start and every few minutes, not when a mail is sent: a mail never waits for them. One that cannot
//! be had leaves the last one in place, or the built-in one.

use std::time::Duration;

use arc_swap::ArcSwapOption;
use axum::http::{Method, StatusCode};
use ferrobase_http::{Outgoing, OutgoingRequest};
use ferrobase_messages::template::{Escape, Template};
use url::Url;

/// Time for one of them.
const LIMIT: Duration = Duration::from_secs(5);
/// Most bytes of one of them, as in the original.
const LARGEST: usize = 1 << 20;

/// A body that is somewhere else.
pub(super) struct Remote {
    url: Url,
    fetched: ArcSwapOption<Template>,
}

impl Remote {
    pub(super) fn new(url: Url) -> Self {
        Self {
            url,
            fetched: ArcSwapOption::empty(),
        }
    }

    /// The last one that could be read.
    pub(super) fn template(&self) -> Option<std::sync::Arc<Template>> {
        self.fetched.load_full()
    }

    /// Fetches it once more; why not, if not.
    pub(super) async fn refresh(&self, outgoing: &Outgoing) -> Result<(), String> {
        let request = OutgoingRequest {
            method: Method::GET,
            url: self.url.clone(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: LIMIT,
            max_response: LARGEST,
        };
        let answer = outgoing.send(request).await.map_err(|error| error.to_string())?;
        if answer.status != StatusCode::OK.as_u16() {
            return Err(format!("status {}", answer.status));
        }
        let text = std::str::from_utf8(&answer.body).map_err(|error| error.to_string())?;
        let template = Template::parse(text, Escape::Html).map_err(|error| error.to_string())?;
        self.fetched.store(Some(std::sync::Arc::new(template)));
        Ok(())
    }
}
