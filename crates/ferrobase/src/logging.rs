//! What is logged: the options that `start` and `run` share.

use clap::ValueEnum;
use ferrobase_telemetry::LogOptions;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object per line
    Json,
    /// For a person
    #[default]
    Pretty,
}

/// The logging flags.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LogArgs {
    /// How log lines look
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        env = "FERROBASE_LOG_FORMAT",
        hide_env_values = true
    )]
    pub(crate) log_format: LogFormat,

    /// Log more (FERROBASE_LOG takes a full filter such as "warn,ferrobase_auth=trace")
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

impl LogArgs {
    /// Installs logging to stderr; `quiet` is the filter without `--verbose` and `FERROBASE_LOG`.
    pub(crate) fn install(&self, quiet: &str) {
        let filter = match std::env::var("FERROBASE_LOG") {
            Ok(filter) if !filter.is_empty() => filter,
            _ if self.verbose => "info,ferrobase=debug".to_owned(),
            // The pool tells of connections that end, whose users get errors of their own; at a stop all of them do.
            _ => format!("{quiet},deadpool=error"),
        };
        let format = match self.log_format {
            LogFormat::Json => ferrobase_telemetry::LogFormat::Json,
            LogFormat::Pretty => ferrobase_telemetry::LogFormat::Pretty,
        };
        ferrobase_telemetry::init(&LogOptions { format, filter });
    }
}
