//! One joined topic of a socket.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use crate::authorize::Writable;
use crate::feed::LiveSubscription;
use crate::hub::{Member, Topic};
use crate::identity::Identity;
use crate::model::push::{Push, Ref};

/// Most pushes that wait for the database's word.
pub(super) const WAITING: usize = 256;

/// A channel.
#[derive(Debug)]
pub(super) struct Channel {
    /// As joined, with prefix.
    pub(super) topic: Arc<str>,
    pub(super) join_ref: Ref,
    pub(super) member: Arc<Member>,
    pub(super) place: Arc<Topic>,
    pub(super) identity: Identity,
    pub(super) echo: bool,
    pub(super) ack: bool,
    /// Its presence.
    pub(super) presence: PresenceSide,
    /// What it may write; `None` until asked. Public channels are never asked.
    pub(super) writable: Option<Writable>,
    /// What it may read.
    pub(super) reads: Reads,
    pub(super) changes: Option<Box<dyn LiveSubscription>>,
    /// When its token is looked at again.
    pub(super) check_at: Instant,
    /// The database is being asked; pushes wait.
    pub(super) is_busy: bool,
    pub(super) waiting: VecDeque<Push>,
}

/// What a private channel may read; public ones read everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reads {
    pub(super) broadcast: bool,
    /// `None` = nobody asked yet.
    pub(super) presence: Option<bool>,
}

/// Presence of a channel.
#[derive(Debug)]
pub(super) struct PresenceSide {
    pub(super) key: Arc<str>,
    pub(super) is_on: bool,
    pub(super) is_tracked: bool,
    /// Beginning of the window, and calls in it.
    pub(super) window: Option<(Instant, u32)>,
}

impl Channel {
    pub(super) fn is_private(&self) -> bool {
        self.place.is_private()
    }

    /// The name without prefix.
    pub(super) fn name(&self) -> &Arc<str> {
        self.place.name()
    }

    /// The key that it is present with.
    pub(super) fn tracked_key(&self) -> Option<&str> {
        self.presence.is_tracked.then_some(&*self.presence.key)
    }
}
