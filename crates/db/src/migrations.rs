//! Brings a database to the state that the services expect: the files under `migrations/`, in order.
//!
//! Every file is one transaction and may run again without harm, also on a database that a real Supabase initialised.
//! What was applied is recorded with the hash of its text (values filled in), so that a changed setting is applied once
//! more. When everything is recorded, the check is two queries. An advisory lock keeps several processes apart.

use std::collections::HashMap;
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use ferrobase_sql::literal;
use secrecy::{ExposeSecret, SecretString};

use crate::connection::{Connection, Executor};
use crate::error::DbError;
use crate::pool::{Db, PoolRole};

mod files;

/// Key of the advisory lock: "ferrobas" read as a number.
const LOCK: i64 = 0x6665_7272_6f62_6173;

/// Values that the files need.
#[derive(Debug, Clone)]
pub struct BaselineOptions {
    /// Password of the roles that people and tools log in as; `None` leaves passwords alone (a server that somebody else
    /// runs).
    pub database_password: Option<SecretString>,
    /// Secret of the project's HS256 tokens, shown to SQL as `app.settings.jwt_secret`.
    pub jwt_secret: SecretString,
    /// Life of an access token in seconds, shown to SQL as `app.settings.jwt_exp`.
    pub jwt_exp: u64,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Files applied by this run.
    pub files: usize,
}

struct Pending {
    service: &'static str,
    name: &'static str,
    sql: String,
    hash: String,
}

/// Applies what is not recorded yet. With too few rights the error names the missing grant.
pub async fn migrate(db: &Db, options: &BaselineOptions) -> Result<Applied, DbError> {
    let all: Vec<Pending> = files::ALL
        .iter()
        .filter_map(|file| fill_in(file, options))
        .collect();
    let pool = db.pool(PoolRole::Admin)?;
    let connection = pool.get().await?;
    if missing(&connection, &all).await?.is_empty() {
        return Ok(Applied { files: 0 });
    }
    connection.query("select pg_advisory_lock($1)", &[&LOCK]).await?;
    let result = apply_missing(&connection, &all).await;
    connection
        .query("select pg_advisory_unlock($1)", &[&LOCK])
        .await?;
    result
}

/// Tells the files of this build from those of others: a database that one of them prepared may be taken for a new one by another
/// with the same key only.
pub fn baseline_key() -> String {
    let mut all = String::new();
    for file in files::ALL {
        let _ = write!(all, "{}/{}\0{}\0", file.service, file.name, file.sql);
    }
    let hash = digest(&SHA256, all.as_bytes());
    HEXLOWER.encode(hash.as_ref().get(..12).unwrap_or_default())
}

async fn apply_missing(connection: &Connection, all: &[Pending]) -> Result<Applied, DbError> {
    connection
        .batch(files::BOOKKEEPING)
        .await
        .map_err(|error| step_failed("bookkeeping", &error))?;
    let missing = missing(connection, all).await?;
    // Only the last commit waits for the disk, and with it everything before: a crash in between loses whole files, which
    // the next run applies again.
    connection.batch("set synchronous_commit = off").await?;
    for (left, pending) in (0..missing.len()).rev().zip(&missing) {
        tracing::debug!(
            service = pending.service,
            name = pending.name,
            "applying migration"
        );
        if left == 0 {
            connection.batch("reset synchronous_commit").await?;
        }
        apply(connection, pending).await?;
    }
    Ok(Applied { files: missing.len() })
}

async fn missing<'a>(connection: &Connection, all: &'a [Pending]) -> Result<Vec<&'a Pending>, DbError> {
    let exists = connection
        .query_one("select to_regclass('_ferrobase.migrations') is not null", &[])
        .await?
        .try_get(0)?;
    let recorded = if exists {
        connection
            .query("select service, name, hash from _ferrobase.migrations", &[])
            .await?
    } else {
        Vec::new()
    };
    let mut hashes: HashMap<(String, String), String> = HashMap::with_capacity(recorded.len());
    for row in recorded {
        hashes.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
    }
    let is_applied = |pending: &&Pending| {
        hashes.get(&(pending.service.to_owned(), pending.name.to_owned())) == Some(&pending.hash)
    };
    Ok(all.iter().filter(|pending| !is_applied(pending)).collect())
}

/// One file, with its record, as one transaction in one round trip.
async fn apply(connection: &Connection, pending: &Pending) -> Result<(), DbError> {
    let mut batch = String::with_capacity(pending.sql.len() + 512);
    batch.push_str("begin;\n");
    batch.push_str(&pending.sql);
    let _ = write!(
        batch,
        "\n;insert into _ferrobase.migrations (service, name, hash) values ({}, {}, {}) \
         on conflict (service, name) do update set hash = excluded.hash, applied_at = now();\ncommit;",
        literal(pending.service),
        literal(pending.name),
        literal(&pending.hash),
    );
    if let Err(error) = connection.batch(&batch).await {
        connection.batch("rollback").await?;
        return Err(step_failed(
            &format!("{}/{}", pending.service, pending.name),
            &error,
        ));
    }
    Ok(())
}

fn step_failed(step: &str, error: &DbError) -> DbError {
    let mut reason = error.to_string();
    if let Some(hint) = error.hint() {
        let _ = write!(reason, "; {hint}");
    }
    DbError::Baseline {
        step: step.to_owned(),
        reason,
    }
}

/// The file with its values; `None` for one that sets passwords when there are none to set.
fn fill_in(file: &files::File, options: &BaselineOptions) -> Option<Pending> {
    let mut sql = file.sql.to_owned();
    if sql.contains(":database_password") {
        let password = options.database_password.as_ref()?;
        sql = sql.replace(
            ":database_password",
            &literal(password.expose_secret()).to_string(),
        );
    }
    let sql = sql
        .replace(
            ":jwt_secret",
            &literal(options.jwt_secret.expose_secret()).to_string(),
        )
        .replace(":jwt_exp", &literal(&options.jwt_exp.to_string()).to_string());
    let hash = HEXLOWER.encode(digest(&SHA256, sql.as_bytes()).as_ref());
    Some(Pending {
        service: file.service,
        name: file.name,
        sql,
        hash,
    })
}
