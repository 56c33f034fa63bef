//! The section `[realtime]` of the configuration. Limits count for the process; 0 switches one off.

use std::time::Duration;

use ferrobase_config::{Config, ConfigError};
use secrecy::SecretString;

/// The subject of processes that name none.
const SUBJECT: &str = "ferrobase.realtime";

/// Settings of the service.
#[derive(Debug, Clone)]
pub struct RealtimeConfig {
    /// The service is on.
    pub enabled: bool,
    /// Public channels may be joined (`private_only` is the opposite).
    pub private_only: bool,
    /// Presence is on for joins that say nothing about it.
    pub presence_enabled: bool,
    /// Where processes with the same database meet; `None` when there is one.
    pub nats: Option<NatsConfig>,
    /// The limits.
    pub limits: Limits,
}

/// The NATS servers between several processes.
#[derive(Clone)]
pub struct NatsConfig {
    /// Their URLs, separated by commas; may hold a password.
    pub servers: SecretString,
    /// The subject of this database's processes.
    pub subject: String,
}

impl std::fmt::Debug for NatsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsConfig")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Limits (§9).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open sockets.
    pub sockets: u64,
    /// Broadcasts sent and delivered, per second.
    pub events_per_second: u64,
    /// Presence messages, per second.
    pub presence_per_second: u64,
    /// Joins per second.
    pub joins_per_second: u64,
    /// Channels on a socket.
    pub channels_per_socket: u64,
    /// Calls of track and untrack in one window of a channel.
    pub presence_calls: u32,
    /// That window.
    pub presence_window: Duration,
    /// Largest payload of a broadcast or of presence, in bytes.
    pub payload_bytes: usize,
    /// Largest incoming message, in bytes.
    pub message_bytes: usize,
    /// Bytes that may wait for a slow reader before its socket is closed.
    pub queue_bytes: usize,
    /// Longest silence of a client.
    pub idle: Duration,
    /// Longest life of a socket that had channels and has none.
    pub without_channel: Duration,
    /// Pause before a join is refused.
    pub join_pause: Duration,
    /// Pause before a handshake is refused.
    pub handshake_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sockets: 50_000,
            events_per_second: 0,
            presence_per_second: 0,
            joins_per_second: 0,
            channels_per_socket: 1000,
            presence_calls: 100,
            presence_window: Duration::from_secs(30),
            payload_bytes: 3_000_500,
            message_bytes: 5_000_000,
            queue_bytes: 8 << 20,
            idle: Duration::from_secs(60),
            without_channel: Duration::from_secs(600),
            join_pause: Duration::from_secs(1),
            handshake_pause: Duration::from_secs(2),
        }
    }
}

impl RealtimeConfig {
    /// Reads the section.
    pub fn load(config: &Config) -> Result<Self, ConfigError> {
        let section = config.section("realtime");
        let usual = Limits::default();
        let number = |name: &str, usual: u64| section.get(name).u64_or(usual);
        let bytes = |name: &str, usual: usize| -> Result<usize, ConfigError> {
            let value = section.get(name).byte_size_or(usual as u64)?;
            usize::try_from(value)
                .ok()
                .filter(|bytes| (1..=1 << 30).contains(bytes))
                .ok_or_else(|| section.invalid(name, "1 byte to 1 GiB"))
        };
        let milliseconds = |name: &str, variable: &str, usual: Duration| -> Result<Duration, ConfigError> {
            let usual = u64::try_from(usual.as_millis()).unwrap_or(u64::MAX);
            let value = section.get(name).or_env(variable).u64_or(usual)?;
            Ok(Duration::from_millis(value))
        };
        let limits = Limits {
            sockets: number("max_concurrent_users", usual.sockets)?,
            events_per_second: number("max_events_per_second", usual.events_per_second)?,
            presence_per_second: number("max_presence_events_per_second", usual.presence_per_second)?,
            joins_per_second: number("max_joins_per_second", usual.joins_per_second)?,
            channels_per_socket: number("max_channels_per_client", usual.channels_per_socket)?,
            presence_calls: section
                .get("client_presence_max_calls")
                .or_env("CLIENT_PRESENCE_MAX_CALLS")
                .u32_or(usual.presence_calls)?,
            presence_window: milliseconds(
                "client_presence_window_ms",
                "CLIENT_PRESENCE_WINDOW_MS",
                usual.presence_window,
            )?,
            payload_bytes: payload_bytes(section.get("max_payload_size_in_kb").u32()?, usual.payload_bytes),
            message_bytes: bytes("max_frame_size", usual.message_bytes)?,
            queue_bytes: bytes("max_send_queue", usual.queue_bytes)?,
            idle: milliseconds("idle_timeout_ms", "REALTIME_IDLE_TIMEOUT_MS", usual.idle)?,
            without_channel: milliseconds(
                "no_channel_timeout_ms",
                "NO_CHANNEL_TIMEOUT_IN_MS",
                usual.without_channel,
            )?,
            join_pause: milliseconds(
                "channel_error_backoff_ms",
                "CHANNEL_ERROR_BACKOFF_MS",
                usual.join_pause,
            )?,
            handshake_pause: milliseconds(
                "connect_error_backoff_ms",
                "CONNECT_ERROR_BACKOFF_MS",
                usual.handshake_pause,
            )?,
        };
        if limits.idle < Duration::from_secs(1) {
            return Err(section.invalid("idle_timeout_ms", "at least 1000"));
        }
        let subject = section.get("nats_subject").string_or(SUBJECT)?;
        let is_subject = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !subject.chars().all(is_subject) || subject.split('.').any(str::is_empty) {
            return Err(section.invalid(
                "nats_subject",
                "letters, digits, `_` and `-`, in parts with `.` between them",
            ));
        }
        let servers = section
            .get("nats_url")
            .string()?
            .filter(|servers| !servers.is_empty());
        let nats = servers.map(|servers| NatsConfig {
            servers: servers.into(),
            subject,
        });
        Ok(Self {
            nats,
            enabled: section.get("enabled").bool_or(true)?,
            private_only: section.get("private_only").bool_or(false)?,
            presence_enabled: section.get("presence_enabled").bool_or(false)?,
            limits,
        })
    }
}

/// Kilobytes count a thousand each, and the form around a payload may take 500 bytes (§5.1).
fn payload_bytes(kilobytes: Option<u32>, usual: usize) -> usize {
    kilobytes
        .and_then(|kilobytes| usize::try_from(kilobytes).ok())
        .map_or(usual, |kilobytes| {
            kilobytes.saturating_mul(1000).saturating_add(500)
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        let config = Config::from_toml_str(
            "[realtime]\nmax_payload_size_in_kb = 2\nmax_channels_per_client = 3\nchannel_error_backoff_ms = 10\n",
        )
        .unwrap();
        let limits = RealtimeConfig::load(&config).unwrap().limits;
        assert_eq!(limits.payload_bytes, 2500);
        assert_eq!(limits.channels_per_socket, 3);
        assert_eq!(limits.join_pause, Duration::from_millis(10));
        assert_eq!(limits.queue_bytes, Limits::default().queue_bytes);
        for wrong in [
            "idle_timeout_ms = 10",
            "nats_subject = \"a b\"",
            "nats_subject = \"a..b\"",
        ] {
            let config = Config::from_toml_str(&format!("[realtime]\n{wrong}\n")).unwrap();
            assert!(RealtimeConfig::load(&config).is_err(), "{wrong}");
        }
    }
}
