//! How a statement runs as the caller (§8): role and settings last for one transaction.

use ferrobase_db::Executor;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::error::Result;
use crate::store::scope;

/// The settings of a request's transactions.
#[derive(Debug, Clone)]
pub struct Scope {
    pub(crate) caller: Caller,
    pub(crate) headers: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) operation: &'static str,
}

impl Scope {
    /// For a request of `caller`; policies see `operation` (`storage.object.upload` …).
    pub fn new(caller: Caller, parts: &Parts, operation: &'static str) -> Self {
        let headers: Map<String, Value> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), Value::String(value))
            })
            .collect();
        Self {
            caller,
            headers: Value::Object(headers).to_string(),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            operation,
        }
    }

    /// For what the service does without a request.
    pub fn of_service(operation: &'static str) -> Self {
        Self {
            caller: Caller::service(),
            headers: "{}".to_owned(),
            method: String::new(),
            path: String::new(),
            operation,
        }
    }

    /// The same for the service's own part of the work: triggers of applications see `service_role`, as they do on hosted
    /// Supabase.
    pub fn as_service(&self) -> Self {
        Self {
            caller: Caller::service(),
            ..self.clone()
        }
    }

    /// Makes the transaction the caller's. Polled together with the first statement it costs no round trip.
    pub async fn enter(&self, tx: &impl Executor) -> Result<()> {
        scope::enter(tx, self).await
    }
}
