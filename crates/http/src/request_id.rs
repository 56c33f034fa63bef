//! The name of a request, in logs and in `x-request-id`.

use std::sync::Arc;

/// Id of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);
