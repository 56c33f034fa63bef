//! Whether a password is in a known leak (auth.md 19.3).
//!
//! The corpus is asked for all passwords whose SHA-1 begins with the same five digits (k-anonymity): it learns neither the
//! password nor its hash. Padding hides from an eavesdropper how many there are.

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::http::Method;
use data_encoding::HEXUPPER;
use ferrobase_http::{Outgoing, OutgoingRequest};
use tokio::sync::Semaphore;

use crate::config::LeakedPasswordsConfig;

/// Digits of the hash that the corpus gets to see.
const PREFIX: usize = 5;
/// Most bytes of an answer; a padded one has about 40 KB.
const LARGEST_ANSWER: usize = 256 * 1024;
/// Questions at a time. More wait, within the time of one question.
const AT_ONCE: usize = 32;

/// The check could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the corpus of leaked passwords gave no answer: {0}")]
pub struct LeakCheckError(String);

/// Asks the corpus; cheap to clone.
#[derive(Clone)]
pub struct LeakedPasswords(Option<Arc<Corpus>>);

struct Corpus {
    config: LeakedPasswordsConfig,
    outgoing: Outgoing,
    permits: Semaphore,
}

impl LeakedPasswords {
    /// As configured; `None` finds nothing.
    pub fn new(config: Option<LeakedPasswordsConfig>, outgoing: Outgoing) -> Self {
        Self(config.map(|config| {
            Arc::new(Corpus {
                config,
                outgoing,
                permits: Semaphore::new(AT_ONCE),
            })
        }))
    }

    /// Whether a check that cannot be made refuses the password.
    pub fn fails_closed(&self) -> bool {
        self.0.as_ref().is_some_and(|corpus| corpus.config.fail_closed)
    }

    /// Whether `password` is known. Without a corpus none is.
    pub async fn contain(&self, password: &str) -> Result<bool, LeakCheckError> {
        let Some(corpus) = &self.0 else { return Ok(false) };
        let hash =
            HEXUPPER.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref());
        let (prefix, suffix) = hash.split_at(PREFIX);
        let range = tokio::time::timeout(corpus.config.timeout, corpus.range(prefix))
            .await
            .map_err(|_| LeakCheckError("not in time".to_owned()))??;
        Ok(has(&range, suffix))
    }
}

impl Corpus {
    async fn range(&self, prefix: &str) -> Result<String, LeakCheckError> {
        let failed = |cause: String| LeakCheckError(cause);
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let mut url = self.config.base_url.clone();
        url.path_segments_mut()
            .map_err(|()| failed("the URL is not usable".to_owned()))?
            .pop_if_empty()
            .extend(["range", prefix]);
        let mut headers = vec![("add-padding".to_owned(), "true".to_owned())];
        headers.extend(
            self.config
                .user_agent
                .clone()
                .map(|name| ("user-agent".to_owned(), name)),
        );
        let request = OutgoingRequest {
            method: Method::GET,
            url,
            headers,
            body: Vec::new(),
            timeout: self.config.timeout,
            max_response: LARGEST_ANSWER,
        };
        let answer = self
            .outgoing
            .send(request)
            .await
            .map_err(|error| failed(error.to_string()))?;
        if answer.status != 200 {
            return Err(failed(format!("status {}", answer.status)));
        }
        String::from_utf8(answer.body.to_vec()).map_err(|_| failed("no text".to_owned()))
    }
}

/// Whether the lines `<suffix>:<count>` have this suffix. Those with a count of zero are padding.
fn has(range: &str, suffix: &str) -> bool {
    range
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .any(|(known, count)| known.eq_ignore_ascii_case(suffix) && count.parse::<u64>().unwrap_or(1) > 0)
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn lines_of_a_range() {
        let range =
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n";
        assert!(has(range, "1E4C9B93F3F0682250B6CF8331B7EE68FD8"));
        assert!(has(&range.to_lowercase(), "1E4C9B93F3F0682250B6CF8331B7EE68FD8"));
        // Padding.
        assert!(!has(range, "0018A45C4D1DEF81644B54AB7F969B88D65"));
        assert!(!has(range, "FFFF"));
        assert!(!has("", ""));
    }
}
