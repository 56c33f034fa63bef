//! What the server is like, and the commands of a replication connection.

use ferrobase_db::{DbError, ExchangeError, Executor, Pool, ReplicationConnection};
use ferrobase_sql::{ident, literal};

use crate::lsn::Lsn;

/// How values are to be printed, whatever database and login say.
const FORMATS: &str = "set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; \
    set extra_float_digits = 1; set bytea_output = 'hex'; set statement_timeout = 0; \
    set idle_in_transaction_session_timeout = 0";

/// What matters of a server's settings.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) wal_level: String,
    /// Most bytes of log that a slot keeps; `None` = without limit.
    pub(crate) slot_limit: Option<u64>,
}

/// Prepares a new connection and asks for the settings.
pub(crate) async fn prepare(connection: &mut ReplicationConnection) -> Result<Settings, ExchangeError> {
    connection.query(FORMATS).await?;
    let rows = connection
        .query("select name, setting from pg_settings where name in ('wal_level', 'max_slot_wal_keep_size')")
        .await?;
    let setting = |wanted: &str| {
        rows.iter().find_map(|row| match row.as_slice() {
            [Some(name), Some(value)] if name == wanted => Some(value.as_str()),
            _ => None,
        })
    };
    Ok(Settings {
        wal_level: setting("wal_level").unwrap_or("unknown").to_owned(),
        slot_limit: setting("max_slot_wal_keep_size")
            .and_then(|megabytes| megabytes.parse::<u64>().ok())
            .map(|megabytes| megabytes * 1024 * 1024),
    })
}

/// Whether the login may replicate, as far as its attributes say.
pub(crate) async fn may_replicate(pool: &Pool) -> Result<bool, DbError> {
    let sql = "select rolreplication or rolsuper from pg_roles where rolname = session_user";
    Ok(pool.query(sql, &[]).await?.first().is_some_and(|row| row.get(0)))
}

/// Which of the publications exist, in order.
pub(crate) async fn publications(pool: &Pool, wanted: &[String]) -> Result<Vec<String>, DbError> {
    let sql = "select pubname::text from pg_publication where pubname = any($1::text[]) order by pubname";
    let rows = pool.query(sql, &[&wanted]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Makes a slot; returns where it begins. Waits for the transactions that are open.
pub(crate) async fn create_slot(
    connection: &mut ReplicationConnection,
    name: &str,
    is_temporary: bool,
) -> Result<Lsn, ExchangeError> {
    // The words of replication commands are upper case only.
    let kind = if is_temporary { "TEMPORARY " } else { "" };
    let command = format!(
        "CREATE_REPLICATION_SLOT {} {kind}LOGICAL pgoutput NOEXPORT_SNAPSHOT",
        ident(name)
    );
    let rows = connection.query(&command).await?;
    let start = rows
        .first()
        .and_then(|row| row.get(1))
        .and_then(|text| text.as_deref());
    Ok(start.and_then(parse_lsn).unwrap_or_default())
}

/// Begins the stream of a slot.
pub(crate) async fn start(
    connection: &mut ReplicationConnection,
    slot: &str,
    from: Lsn,
    publications: &[String],
) -> Result<(), ExchangeError> {
    let names: Vec<String> = publications.iter().map(|name| ident(name).to_string()).collect();
    let command = format!(
        "START_REPLICATION SLOT {} LOGICAL {from} (proto_version '1', publication_names {}, messages 'true')",
        ident(slot),
        literal(&names.join(",")),
    );
    connection.start(&command).await
}

fn parse_lsn(text: &str) -> Option<Lsn> {
    let (high, low) = text.split_once('/')?;
    let part = |digits| u64::from_str_radix(digits, 16).ok();
    Some(Lsn((part(high)? << 32) | part(low)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read() {
        assert_eq!(parse_lsn("16/B374D848"), Some(Lsn(0x16_B374_D848)));
        assert_eq!(parse_lsn("16"), None);
    }
}
