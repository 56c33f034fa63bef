//! The bookkeeping of the Supabase CLI (`supabase_migrations`), and how a session becomes a project's.

use std::collections::HashSet;

use ferrobase_db::{Connection, DbError, Executor};

/// As the CLI makes them.
const TABLES: &str = "\
    create schema if not exists supabase_migrations; \
    create table if not exists supabase_migrations.schema_migrations (version text not null primary key); \
    alter table supabase_migrations.schema_migrations add column if not exists statements text[]; \
    alter table supabase_migrations.schema_migrations add column if not exists name text; \
    create table if not exists supabase_migrations.seed_files (path text not null primary key, hash text not null); \
    do $$ begin \
        if (select rolsuper from pg_roles where rolname = current_user) and to_regrole('postgres') is not null then \
            alter schema supabase_migrations owner to postgres; \
            alter table supabase_migrations.schema_migrations owner to postgres; \
            alter table supabase_migrations.seed_files owner to postgres; \
        end if; \
    end $$";

pub(crate) async fn prepare(connection: &Connection) -> Result<(), DbError> {
    connection.batch(TABLES).await
}

/// Whether the login may do everything, and become `postgres`.
pub(crate) async fn is_administrator(connection: &Connection) -> Result<bool, DbError> {
    let sql = "select rolsuper and to_regrole('postgres') is not null and session_user <> 'postgres' \
               from pg_roles where rolname = session_user";
    Ok(connection.query_one(sql, &[]).await?.try_get(0)?)
}

/// Extensions that the server could make.
pub(crate) async fn extensions(connection: &Connection) -> Result<HashSet<String>, DbError> {
    let rows = connection
        .query("select name::text from pg_available_extensions", &[])
        .await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// Versions of the applied migrations, in order.
pub(crate) async fn applied(connection: &Connection) -> Result<Vec<String>, DbError> {
    let exists = "select to_regclass('supabase_migrations.schema_migrations') is not null";
    if !connection.query_one(exists, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let sql = "select version from supabase_migrations.schema_migrations order by version";
    let rows = connection.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

pub(crate) async fn record(
    connection: &Connection,
    version: &str,
    name: &str,
    statements: &[&str],
) -> Result<(), DbError> {
    let sql = "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3) \
               on conflict (version) do update set name = excluded.name, statements = excluded.statements";
    connection
        .query(sql, &[&version, &name, &statements])
        .await
        .map(drop)
}

pub(crate) async fn forget(connection: &Connection, versions: &[String]) -> Result<(), DbError> {
    let sql = "delete from supabase_migrations.schema_migrations where version = any ($1)";
    connection.query(sql, &[&versions]).await.map(drop)
}

pub(crate) async fn record_seed(connection: &Connection, path: &str, hash: &str) -> Result<(), DbError> {
    let sql = "insert into supabase_migrations.seed_files (path, hash) values ($1, $2) \
               on conflict (path) do update set hash = excluded.hash";
    connection.query(sql, &[&path, &hash]).await.map(drop)
}

/// From here on statements are `postgres`'s, with the settings of that role's own sessions.
pub(crate) const AS_POSTGRES: &str = "\
    reset session authorization; reset all; set session authorization postgres; \
    set search_path = \"$user\", public, extensions; set statement_timeout = 0; set lock_timeout = 0";

/// And for one statement the administrator's again.
pub(crate) const ELEVATE: &str = "reset session authorization";

pub(crate) const LOWER: &str = "set session authorization postgres";

/// A session that stays who it is.
pub(crate) const AS_LOGIN: &str = "reset all; set search_path = \"$user\", public, extensions; set statement_timeout = 0; set lock_timeout = 0";

/// See the file.
pub(crate) async fn reset(connection: &Connection) -> Result<(), DbError> {
    connection.batch(include_str!("store/reset.sql")).await
}
