//! Structured logs on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For a person; coloured on a terminal unless `NO_COLOR` is set.
    #[default]
    Pretty,
    /// One JSON object per line.
    Json,
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// How lines look.
    pub format: LogFormat,
    /// `level` or `target=level`, separated by commas. Parts that do not parse are left out.
    pub filter: String,
}

/// Installs the subscriber of this process. A second call changes nothing.
pub fn init(options: &LogOptions) {
    let filter = EnvFilter::builder().parse_lossy(&options.filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // An error means that a subscriber is there already.
    let _ = match options.format {
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
        LogFormat::Pretty => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder
                .compact()
                .with_ansi(colours)
                .with_target(false)
                .finish()
                .try_init()
        }
    };
}
