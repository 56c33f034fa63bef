//! What every part of the service has at hand.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ferrobase_jwt::{Clock, Random};

use crate::authorize::Authorizer;
use crate::bus::Bus;
use crate::config::RealtimeConfig;
use crate::error::TokenError;
use crate::feed::ChangeFeed;
use crate::hub::Hub;
use crate::identity::{Identity, Tokens};
use crate::meters::Meters;
use crate::model::broadcast::Broadcast;
use crate::model::rate::Rate;

/// What the service is made of.
#[derive(Debug)]
pub struct Parts {
    /// Its settings.
    pub config: RealtimeConfig,
    /// Judges tokens.
    pub tokens: Arc<dyn Tokens>,
    /// Policies of private channels.
    pub authorizer: Arc<dyn Authorizer>,
    /// Changes of the database.
    pub changes: Arc<dyn ChangeFeed>,
    /// Leads to other processes with the same database; `None` when this one is alone.
    pub bus: Option<Arc<dyn Bus>>,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
}

/// The service; cheap to clone.
#[derive(Debug, Clone)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    parts: Parts,
    pub(crate) hub: Hub,
    pub(crate) meters: Meters,
    /// Joins of all sockets.
    pub(crate) joins: Rate,
    sockets: AtomicU64,
    next: AtomicU64,
}

impl Deref for State {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl State {
    /// Puts the service together.
    pub fn new(parts: Parts) -> Self {
        let meters = Meters::new();
        // 0 means "this process" wherever it is not said to others.
        let node = u64::from_be_bytes(parts.random.bytes()).max(1);
        let bus = parts.bus.clone();
        Self(Arc::new(Inner {
            hub: Hub::new(&parts.config.limits, meters.clone(), node, bus),
            joins: Rate::new(parts.config.limits.joins_per_second),
            meters,
            parts,
            sockets: AtomicU64::new(0),
            next: AtomicU64::new(1),
        }))
    }

    /// Delivers a broadcast that every process learns from the database, to everybody in the topic in this one.
    pub fn deliver(&self, topic: &str, is_private: bool, broadcast: &Broadcast) {
        self.hub().publish_here(topic, is_private, broadcast);
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.0.meters
    }

    pub(crate) fn joins(&self) -> &Rate {
        &self.0.joins
    }

    pub(crate) fn identify(&self, token: &str) -> Result<Identity, TokenError> {
        Identity::new(&*self.tokens, &self.clock, token)
    }

    /// An id for a channel or a socket.
    pub(crate) fn next_id(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a socket while the guard lives; `None` if there are as many as there may be.
    pub(crate) fn admit(&self) -> Option<Admitted> {
        let limit = self.config.limits.sockets;
        let before = self.0.sockets.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted(self.clone());
        self.meters().connections.increment(1);
        (limit == 0 || before < limit).then_some(admitted)
    }
}

/// A counted socket.
#[derive(Debug)]
pub(crate) struct Admitted(State);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.0.sockets.fetch_sub(1, Ordering::Relaxed);
        self.0.meters().connections.decrement(1);
    }
}
