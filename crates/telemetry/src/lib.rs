//! Logs and metrics: the only room that installs a subscriber or a recorder.

mod logs;
mod metrics_registry;
mod process;

pub use logs::{LogFormat, LogOptions, init};
pub use metrics::{Counter, Gauge, counter, gauge, histogram};
pub use metrics_registry::{InstallError, Metrics};
