//! What is counted for `/metrics` (§12). Counters are looked up once; a broadcast to thousands asks for none.

use ferrobase_replication::Lag;
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
    lag_bytes: Gauge,
    lag_seconds: Gauge,
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
            lag_bytes: gauge!("realtime_replication_lag_bytes"),
            lag_seconds: gauge!("realtime_replication_lag_seconds"),
        }
    }

    /// How far changes of the database are behind it.
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub(crate) fn lag(&self, lag: Lag) {
        self.lag_bytes.set(lag.bytes as f64);
        self.lag_seconds.set(lag.time.as_secs_f64());
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
