//! What is counted for `/metrics` (§12). Counters are looked up once; a broadcast to thousands asks for none.

use ferrobase_telemetry::{Counter, Gauge, counter, gauge};

/// The service's counters.
#[derive(Clone)]
pub(crate) struct Meters {
    pub(crate) connections: Gauge,
    pub(crate) channels: Gauge,
    pub(crate) messages_in: Counter,
    pub(crate) messages_out: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) joins: Counter,
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            connections: gauge!("realtime_connections"),
            channels: gauge!("realtime_channels"),
            messages_in: counter!("realtime_messages_in_total"),
            messages_out: counter!("realtime_messages_out_total"),
            bytes_in: counter!("realtime_input_bytes_total"),
            bytes_out: counter!("realtime_output_bytes_total"),
            joins: counter!("realtime_channel_joins_total"),
        }
    }
}

/// Something was dropped.
pub(crate) fn dropped(reason: &'static str, times: u64) {
    if times > 0 {
        counter!("realtime_dropped_total", "reason" => reason).increment(times);
    }
}

/// A channel failed, or was not joined.
pub(crate) fn channel_error(code: &'static str) {
    counter!("realtime_channel_errors_total", "code" => code).increment(1);
}
