//! The Realtime service of a start.

use std::sync::Arc;

use ferrobase_db::{Db, PoolRole};
use ferrobase_jwt::{Claims, Clock, JwtError, ProjectKeys, Random, TokenKeys};
use ferrobase_realtime::{
    Bus, Carrier, DatabaseStream, Nats, Parts, Policies, RealtimeConfig, State, Tokens, run_tasks,
};
use secrecy::ExposeSecret as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::StartError;
use crate::start::until;
use crate::third_party::ThirdParties;

/// The service, and what connects it with other processes.
pub(crate) type Opened = (State, Option<Carrier>);

/// Puts the service together; `None` when it is off.
pub(crate) async fn open(
    config: RealtimeConfig,
    judge: Judge,
    db: &Db,
    ended: watch::Receiver<bool>,
    clock: Clock,
    random: Random,
) -> Result<Option<Opened>, StartError> {
    if !config.enabled {
        return Ok(None);
    }
    let process = random.uuid().simple().to_string();
    let stream = Arc::new(DatabaseStream::new(db.clone(), process, ended));
    let (bus, carrier) = match &config.nats {
        None => (None, None),
        Some(nats) => {
            let (bus, carrier) = Nats::connect(nats.servers.expose_secret(), &nats.subject).await?;
            (Some(Arc::new(bus) as Arc<dyn Bus>), Some(carrier))
        }
    };
    let state = State::new(Parts {
        bus,
        config,
        tokens: Arc::new(judge),
        authorizer: Arc::new(Policies::new(db.pool(PoolRole::Admin)?)),
        changes: Arc::clone(&stream) as Arc<dyn ferrobase_realtime::ChangeFeed>,
        clock,
        random,
    });
    stream.deliver_to(state.clone());
    Ok(Some((state, carrier)))
}

/// Begins its background work.
pub(crate) fn run(
    (state, carrier): Opened,
    tasks: &mut Vec<JoinHandle<()>>,
    ending: &watch::Sender<bool>,
) -> State {
    tasks.push(tokio::spawn(run_tasks(state.clone(), until(ending))));
    let carry = |carrier: Carrier| tokio::spawn(carrier.run(state.clone(), until(ending)));
    tasks.extend(carrier.map(carry));
    state
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
