//! Removing what is no longer worth anything (auth.md 19.7). Every statement takes a bounded number of rows.

use ferrobase_db::{DbError, Executor};

use crate::model::user::Time;

/// Statements with the time as their only parameter, and what they remove.
pub const STATEMENTS: &[(&str, &str)] = &[
    (
        "revoked refresh tokens",
        "delete from auth.refresh_tokens where id in (select t.id from auth.refresh_tokens t \
            where t.revoked and t.updated_at < $1::timestamptz - interval '24 hours' \
               and not exists (select from auth.refresh_tokens child where child.parent = t.token and child.revoked = false) \
            limit 500)",
    ),
    (
        "sessions past their end",
        "delete from auth.sessions where id in (select id from auth.sessions where not_after < $1::timestamptz - interval '72 hours' limit 500)",
    ),
    (
        "sign-in flows",
        "delete from auth.flow_state where id in (select id from auth.flow_state where created_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        "relay states",
        "delete from auth.saml_relay_states where id in ( \
            select id from auth.saml_relay_states where created_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        "client states",
        "delete from auth.oauth_client_states where id in ( \
            select id from auth.oauth_client_states where created_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        // Anybody can make them, so that more go at once.
        "requests of OAuth clients",
        "delete from auth.oauth_authorizations where id in ( \
            select id from auth.oauth_authorizations where expires_at < $1::timestamptz - interval '1 hour' limit 5000)",
    ),
    (
        "factor challenges",
        "delete from auth.mfa_challenges where id in ( \
            select id from auth.mfa_challenges where created_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        "unverified factors",
        "delete from auth.mfa_factors where id in (select id from auth.mfa_factors \
            where status <> 'verified' and created_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        "passkey challenges",
        "delete from auth.webauthn_challenges where id in ( \
            select id from auth.webauthn_challenges where expires_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        "things that were used once",
        "delete from _ferrobase.auth_single_use where (kind, digest) in ( \
            select kind, digest from _ferrobase.auth_single_use where expires_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        "pauses of nobody's",
        "delete from _ferrobase.auth_single_use where (kind, digest) in ( \
            select kind, digest from _ferrobase.auth_single_use \
            where kind like 'pause: %' and expires_at < $1::timestamptz limit 5000)",
    ),
    (
        "counted guesses",
        "delete from _ferrobase.auth_code_guesses where subject in (select subject from _ferrobase.auth_code_guesses \
            where window_started_at < $1::timestamptz - interval '24 hours' limit 500)",
    ),
    (
        "anonymous users",
        "delete from auth.users where id in ( \
            select id from auth.users where is_anonymous and created_at < $1::timestamptz - interval '30 days' limit 500)",
    ),
];

/// Runs one of [`STATEMENTS`]; the number of rows removed.
pub async fn run(db: &impl Executor, sql: &'static str, now: Time) -> Result<u64, DbError> {
    db.execute(sql, &[&now]).await
}

/// Removes sessions that a limit ended more than a day ago. Limits in seconds; `None` = no such limit.
pub async fn expired_sessions(
    db: &impl Executor,
    timebox: Option<f64>,
    inactivity: Option<f64>,
    now: Time,
) -> Result<u64, DbError> {
    const SQL: &str = "delete from auth.sessions where id in (select id from auth.sessions where \
            created_at + make_interval(secs => $1) < $3::timestamptz - interval '24 hours' \
            or coalesce(refreshed_at at time zone 'utc', created_at) + make_interval(secs => $2) < $3::timestamptz - interval '24 hours' limit 500)";
    db.execute(SQL, &[&timebox, &inactivity, &now]).await
}

/// Takes the lock that keeps several processes from cleaning at once, until the transaction ends.
pub async fn try_lock(db: &impl Executor) -> Result<bool, DbError> {
    const SQL: &str = "select pg_try_advisory_xact_lock(hashtext('ferrobase auth clean-up'))";
    db.query_one(SQL, &[]).await?.try_get(0).map_err(DbError::from)
}
