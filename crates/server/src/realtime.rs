//! The Realtime service of a start.

use std::sync::Arc;

use ferrobase_db::{Db, DbError, PoolRole};
use ferrobase_jwt::{Claims, Clock, JwtError, ProjectKeys, Random, TokenKeys};
use ferrobase_realtime::{DatabaseStream, Parts, Policies, RealtimeConfig, State, Tokens};
use tokio::sync::watch;

use crate::third_party::ThirdParties;

/// Puts the service together; `None` when it is off.
pub(crate) fn open(
    config: RealtimeConfig,
    judge: Judge,
    db: &Db,
    ended: watch::Receiver<bool>,
    clock: Clock,
    random: Random,
) -> Result<Option<State>, DbError> {
    if !config.enabled {
        return Ok(None);
    }
    let process = random.uuid().simple().to_string();
    let stream = Arc::new(DatabaseStream::new(db.clone(), process, ended));
    let state = State::new(Parts {
        config,
        tokens: Arc::new(judge),
        authorizer: Arc::new(Policies::new(db.pool(PoolRole::Admin)?)),
        changes: Arc::clone(&stream) as Arc<dyn ferrobase_realtime::ChangeFeed>,
        clock,
        random,
    });
    stream.deliver_to(state.clone());
    Ok(Some(state))
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
