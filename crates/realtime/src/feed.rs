//! Where changes of the database come from (§7). A subscriber hears through its [`ferrobase_changes::Sink`].

use std::fmt::Debug;

use ferrobase_changes::{Caller, Feed, Subscriber, Subscription};
use ferrobase_replication::Lag;
use futures_util::future::BoxFuture;

use crate::authorize::{Authorizer, Readable, Refused, Replayed, Visitor, Writable};

/// A running subscription; dropping it ends it.
pub trait LiveSubscription: Send + Debug {
    /// Subscribes anew as somebody else; the later caller wins.
    fn renew(&self, caller: Caller);
}

/// Changes of the database.
pub trait ChangeFeed: Send + Sync + Debug {
    /// Begins a subscription; its sink hears how it went, and every change.
    fn subscribe(&self, subscriber: Subscriber) -> Box<dyn LiveSubscription>;

    /// Somebody waits for broadcasts from the database.
    fn need(&self);

    /// Resolves when broadcasts from the database arrive; false if they never will.
    fn streaming(&self) -> BoxFuture<'static, bool>;

    /// How far it is behind the database; `None` while nobody needs it.
    fn lag(&self) -> Option<Lag>;
}

impl LiveSubscription for Subscription {
    fn renew(&self, caller: Caller) {
        Subscription::renew(self, caller);
    }
}

/// Begins a subscription of a feed, for implementations of [`ChangeFeed`].
pub fn subscribe(feed: &Feed, subscriber: Subscriber) -> Box<dyn LiveSubscription> {
    Box::new(feed.subscribe(subscriber))
}

/// A database that takes no part: private channels and subscriptions are refused with a reason.
#[derive(Debug, Clone, Copy)]
pub struct Unavailable;

#[derive(Debug)]
struct Nothing;

impl LiveSubscription for Nothing {
    fn renew(&self, _: Caller) {}
}

impl ChangeFeed for Unavailable {
    fn subscribe(&self, subscriber: Subscriber) -> Box<dyn LiveSubscription> {
        subscriber.sink.system(Err(
            "Unable to subscribe to changes: database changes are not available",
        ));
        Box::new(Nothing)
    }

    fn need(&self) {}

    fn streaming(&self) -> BoxFuture<'static, bool> {
        Box::pin(async { false })
    }

    fn lag(&self) -> Option<Lag> {
        None
    }
}

impl Authorizer for Unavailable {
    fn may_read(&self, _: Visitor, _: bool) -> BoxFuture<'static, Result<Readable, Refused>> {
        Box::pin(async { Err(Refused::Unavailable) })
    }

    fn may_write(&self, _: Visitor) -> BoxFuture<'static, Result<Writable, Refused>> {
        Box::pin(async { Err(Refused::Unavailable) })
    }

    fn replay(
        &self,
        _: std::sync::Arc<str>,
        _: i64,
        _: u8,
    ) -> BoxFuture<'static, Result<Vec<Replayed>, Refused>> {
        Box::pin(async { Err(Refused::Unavailable) })
    }

    fn keep_partitions(&self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}
