//! Who asks, as far as the gateway can tell.

use std::sync::Arc;

use ferrobase_jwt::{Claims, JwtError};

/// The bearer token of a request.
#[derive(Debug, Clone, Default)]
pub enum TokenState {
    /// None was sent, or not as a bearer token.
    #[default]
    None,
    /// It does not verify.
    Invalid(JwtError),
    /// It verifies. What it allows is the service's decision.
    Valid {
        /// What it says.
        claims: Arc<Claims>,
    },
}

/// The caller; opaque project keys were already replaced by the token that they stand for.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The bearer token.
    pub token: TokenState,
}
