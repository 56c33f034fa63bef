//! The Realtime service of a start.

use std::sync::Arc;

use ferrobase_jwt::{Claims, Clock, JwtError, ProjectKeys, Random, TokenKeys};
use ferrobase_realtime::{Parts, RealtimeConfig, State, Tokens, Unavailable};

use crate::third_party::ThirdParties;

/// Puts the service together; `None` when it is off.
pub(crate) fn open(config: RealtimeConfig, judge: Judge, clock: Clock, random: Random) -> Option<State> {
    config.enabled.then(|| {
        State::new(Parts {
            config,
            tokens: Arc::new(judge),
            authorizer: Arc::new(Unavailable),
            changes: Arc::new(Unavailable),
            clock,
            random,
        })
    })
}

/// Judges tokens as the gateway does.
pub(crate) struct Judge {
    keys: ProjectKeys,
    tokens: TokenKeys,
    third_parties: ThirdParties,
}

impl Judge {
    pub(crate) fn new(keys: &ProjectKeys, tokens: &TokenKeys, third_parties: &ThirdParties) -> Self {
        Self {
            keys: keys.clone(),
            tokens: tokens.clone(),
            third_parties: third_parties.clone(),
        }
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
    }
}

impl Tokens for Judge {
    fn verify(&self, token: &str) -> Result<Arc<Claims>, JwtError> {
        if let Some(role) = self.keys.role_of_opaque(token) {
            return self.tokens.verify(self.keys.jwt_of(role));
        }
        match self.tokens.verify(token) {
            Err(error @ (JwtError::Expired | JwtError::NotYetValid)) => Err(error),
            Err(error) => self.third_parties.verify(token).unwrap_or(Err(error)),
            verified => verified,
        }
    }
}
