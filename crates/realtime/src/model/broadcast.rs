//! Broadcasts on their way (§3.4).

use std::sync::Arc;

use bytes::Bytes;

/// What a user broadcast says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// JSON text.
    Json(Bytes),
    /// Any bytes.
    Binary(Bytes),
}

impl Body {
    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Json(bytes) | Self::Binary(bytes) => bytes,
        }
    }
}

/// A broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broadcast {
    /// A JSON object that nobody looked into.
    Generic(Bytes),
    /// An event with a payload.
    User {
        /// Event of the application.
        event: Arc<str>,
        /// What it says.
        body: Body,
        /// A JSON object about it.
        meta: Option<Arc<str>>,
        /// Id, by which a channel knows what was replayed to it.
        id: Option<Arc<str>>,
    },
}

impl Broadcast {
    /// Bytes of the payload.
    pub fn size(&self) -> usize {
        match self {
            Self::Generic(payload) => payload.len(),
            Self::User { body, .. } => body.bytes().len(),
        }
    }

    /// Its id.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Generic(_) => None,
            Self::User { id, .. } => id.as_deref(),
        }
    }
}
