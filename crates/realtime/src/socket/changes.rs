//! Where a channel is told of changes of the database (§7.3, §7.4).

use std::sync::Arc;

use ferrobase_changes::{Backlog, Sink};
use serde_json::json;

use crate::meters::{Meters, channel_error};
use crate::model::push::Ref;
use crate::model::version::Version;
use crate::wire::encode;
use crate::wire::outbox::Outbox;

/// One channel's ear.
#[derive(Debug)]
pub(super) struct ChangeSink {
    pub(super) outbox: Arc<Outbox>,
    pub(super) version: Version,
    pub(super) join_ref: Ref,
    pub(super) topic: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) meters: Meters,
}

impl ChangeSink {
    fn send(&self, join_ref: &Ref, event: &str, payload: &str) {
        let frame = encode::message(
            self.version,
            join_ref,
            &Ref::NULL,
            &self.topic,
            event,
            payload.as_bytes(),
        );
        self.meters.messages_out.increment(1);
        self.meters.bytes_out.increment(frame.len() as u64);
        self.outbox.push(frame);
    }
}

impl Sink for ChangeSink {
    fn system(&self, status: Result<&str, &str>) {
        let (status, message) = match status {
            Ok(message) => ("ok", message),
            Err(message) => {
                channel_error("PostgresChanges");
                ("error", message)
            }
        };
        let payload = json!({ "extension": "postgres_changes", "status": status, "message": message, "channel": &*self.name });
        self.send(&self.join_ref, "system", &payload.to_string());
    }

    fn change(&self, ids: &[u64], data: &Arc<str>) -> bool {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        let payload = format!("{{\"ids\":[{}],\"data\":{data}}}", ids.join(","));
        self.send(&Ref::NULL, "postgres_changes", &payload);
        self.backlog().is_pressed
    }

    fn backlog(&self) -> Backlog {
        let (is_pressed, progress) = self.outbox.fullness();
        Backlog { is_pressed, progress }
    }
}
