//! PostgreSQL's settings (managed-postgres.md 5): ours in one file, the user's in a second one that is read after it.

use std::{fmt::Write as _, fs, io, path::Path};

use crate::{account::Account, files, installation::Installation};

const OURS: &str = "ferrobase.conf";
const USERS: &str = "ferrobase.user.conf";

/// The directory's permissions (0700) guard the socket; TCP takes passwords only.
const HBA: &str = "\
# Written by ferrobase at each start; changes are lost.
local all         all               trust
local replication all               trust
host  all         all 127.0.0.1/32  scram-sha-256
host  all         all ::1/128       scram-sha-256
host  replication all 127.0.0.1/32  scram-sha-256
host  replication all ::1/128       scram-sha-256
";

/// For a small machine and a small idle footprint, with everything the services need (logical replication).
const DEFAULTS: [(&str, &str); 26] = [
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("max_connections", "100"),
    ("shared_buffers", "128MB"),
    // Asking for huge pages could pin the whole buffer pool of an idle project.
    ("huge_pages", "off"),
    ("work_mem", "8MB"),
    ("maintenance_work_mem", "64MB"),
    ("wal_level", "logical"),
    ("max_wal_senders", "10"),
    ("max_replication_slots", "10"),
    // A dead slot must not fill the disk.
    ("max_slot_wal_keep_size", "1GB"),
    ("max_wal_size", "1GB"),
    ("wal_compression", "on"),
    ("checkpoint_timeout", "15min"),
    ("checkpoint_completion_target", "0.9"),
    ("random_page_cost", "1.1"),
    ("jit", "off"),
    ("autovacuum", "on"),
    ("password_encryption", "scram-sha-256"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    // The level of a log line is read from its English word.
    ("lc_messages", "C"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    // The time stands in our own log line.
    ("log_line_prefix", "[%p] %q%u@%d "),
    ("log_checkpoints", "off"),
];

/// Nothing survives an ephemeral cluster, so nothing needs to reach the disk.
const EPHEMERAL: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_wal_size", "4GB"),
];

/// Extensions that only work when the server loads them at its start.
const PRELOADED: [&str; 3] = ["pg_stat_statements", "pg_cron", "pgaudit"];

/// Writes the settings of this start into the data directory. Costs three reads when nothing has changed. Without
/// `durable` nothing is synced: for data that a power failure may take.
pub(crate) fn write(
    data_dir: &Path,
    installation: &Installation,
    ephemeral: bool,
    durable: bool,
    wished: &[(String, String)],
    account: &Account,
) -> io::Result<()> {
    let put = if durable { files::put } else { files::put_unsynced };
    let ours = own_file(installation, ephemeral, wished);
    put(&data_dir.join(OURS), ours.as_bytes(), account)?;
    put(&data_dir.join("pg_hba.conf"), HBA.as_bytes(), account)?;
    let users = data_dir.join(USERS);
    if fs::symlink_metadata(&users).is_err() {
        let text =
            "# Your own PostgreSQL settings: they win over those in ferrobase.conf. Never overwritten.\n";
        put(&users, text.as_bytes(), account)?;
    }
    let main = data_dir.join("postgresql.conf");
    let text = fs::read_to_string(&main).unwrap_or_default();
    if let Some(text) = with_includes(&text) {
        put(&main, text.as_bytes(), account)?;
    }
    Ok(())
}

/// The main file with our two files included at its end, or `None` if they are already.
fn with_includes(text: &str) -> Option<String> {
    let includes = format!("include_if_exists = '{OURS}'\ninclude_if_exists = '{USERS}'\n");
    (!text.contains(&includes)).then(|| format!("{text}\n{includes}"))
}

fn own_file(installation: &Installation, ephemeral: bool, wished: &[(String, String)]) -> String {
    let mut text = format!("# Written by ferrobase at each start; put your own settings into {USERS}.\n");
    for (name, value) in DEFAULTS {
        push(&mut text, name, value);
    }
    if let Some(size) = effective_cache_mib() {
        push(&mut text, "effective_cache_size", &format!("{size}MB"));
    }
    if cfg!(target_os = "linux") {
        // Recovery syncs the whole directory first: one call instead of a thousand.
        push(&mut text, "recovery_init_sync_method", "syncfs");
    }
    let preloaded: Vec<&str> = PRELOADED
        .into_iter()
        .filter(|library| installation.has_library(library))
        .collect();
    push(&mut text, "shared_preload_libraries", &preloaded.join(","));
    if preloaded.contains(&"pg_cron") {
        push(&mut text, "cron.database_name", "postgres");
    }
    if ephemeral {
        for (name, value) in EPHEMERAL {
            push(&mut text, name, value);
        }
    }
    for (name, value) in wished {
        push(&mut text, name, value);
    }
    text
}

fn push(text: &mut String, name: &str, value: &str) {
    // A name with anything else in it could smuggle in another line; PostgreSQL has no such names.
    if !name.is_empty()
        && name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'.')
    {
        let _ = writeln!(text, "{name} = {}", quoted(value));
    } else {
        tracing::warn!(name, "ignored a PostgreSQL setting: no such name is possible");
    }
}

fn quoted(value: &str) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('\'', "''")
        .replace(['\n', '\r', '\0'], " ");
    format!("'{value}'")
}

/// A path for `unix_socket_directories`, which is a list: quoted so that commas and spaces are part of the path.
pub(crate) fn list_item(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}

/// Half of the memory is what the planner may expect to be cached.
fn effective_cache_mib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib / 2048).max(256))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::installation::Version;

    #[test]
    fn the_callers_settings_come_last() {
        let installation = Installation {
            bin_dir: "/nowhere".into(),
            version: Version {
                major: 15,
                text: "15.1".into(),
            },
        };
        let wished = [
            ("work_mem".to_owned(), "1MB".to_owned()),
            ("a b\nc".to_owned(), "x".to_owned()),
        ];
        let text = own_file(&installation, true, &wished);
        assert!(text.contains("shared_preload_libraries = ''"));
        assert!(text.rfind("work_mem = '1MB'") > text.find("work_mem = '8MB'"));
        assert!(text.contains("fsync = 'off'") && !text.contains("a b"));
    }

    #[test]
    fn includes_are_added_once() {
        let once = with_includes("port = 1\n").unwrap();
        assert!(
            once.ends_with(
                "include_if_exists = 'ferrobase.conf'\ninclude_if_exists = 'ferrobase.user.conf'\n"
            )
        );
        assert_eq!(with_includes(&once), None);
    }

    #[test]
    fn quotes() {
        assert_eq!(quoted("it's\\\n"), "'it''s\\\\ '");
        assert_eq!(list_item(Path::new("/a, \"b\"")), "\"/a, \"\"b\"\"\"");
    }
}
