//! The two statements of a factor verification (auth.md 6.3), and the account of wrong codes.
//!
//! A verification runs in one transaction that first takes an advisory lock on the user, so that parallel guesses are
//! counted one after the other; [`load`] then reads everything the checks need and [`complete`] writes everything a
//! success changes.

use std::net::IpAddr;

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::factors::{self, FACTOR_WIDTH};
use super::parts;
use super::sessions::{self, session_amr};
use super::users::{self, USER_WIDTH, user_columns, user_parts};
use super::{Reader, factors::factor_columns};
use crate::model::factor::{Factor, FactorType};
use crate::model::session::Session;
use crate::model::user::{Time, User};

/// Everything the checks of a verification need.
#[derive(Debug)]
pub struct Loaded {
    /// The caller.
    pub user: User,
    /// The caller's session.
    pub session: Option<Session>,
    /// Its key for counter tokens, as stored.
    pub counter_key: Option<String>,
    /// Its counter.
    pub counter: i64,
    /// Its `amr` claim.
    pub amr: Box<RawValue>,
    /// The factor, if it is the caller's.
    pub factor: Option<Factor>,
    /// The challenge, if it is the factor's.
    pub challenge: Option<Challenge>,
    /// Last accepted TOTP step.
    pub last_step: Option<i64>,
    /// The factor pauses until then.
    pub factor_locked_until: Option<Time>,
    /// The user pauses until then.
    pub user_locked_until: Option<Time>,
}

/// A row of `auth.mfa_challenges`.
#[derive(Debug)]
pub struct Challenge {
    /// Primary key.
    pub id: Uuid,
    /// Creation.
    pub created_at: Time,
    /// Use.
    pub verified_at: Option<Time>,
    /// Where it was asked for.
    pub ip: IpAddr,
    /// The code sent, possibly sealed.
    pub otp_code: Option<String>,
    /// WebAuthn state.
    pub webauthn_state: Option<Value>,
    /// Wrong codes so far.
    pub failures: i32,
}

/// Takes the lock that makes a user's verifications run one after the other, until the transaction ends.
pub async fn lock(db: &impl Executor, user_id: Uuid) -> Result<(), DbError> {
    let (key, _) = user_id.as_u64_pair();
    db.query_one("select pg_advisory_xact_lock($1)", &[&key.cast_signed()])
        .await?;
    Ok(())
}

/// Reads caller, session, factor, challenge and counters; `None` = no such user.
pub async fn load(
    db: &impl Executor,
    user_id: Uuid,
    session_id: Option<Uuid>,
    factor_id: Uuid,
    challenge_id: Uuid,
) -> Result<Option<Loaded>, DbError> {
    const SQL: &str = concat!(
        "select ",
        user_columns!(),
        ", ",
        user_parts!(),
        ", ",
        sessions::session_columns!(),
        ", s.refresh_token_hmac_key, s.refresh_token_counter, ",
        session_amr!(),
        ", ",
        factor_columns!(),
        ", c.id, c.created_at, c.verified_at, c.ip_address, c.otp_code, c.web_authn_session_data, w.failures, \
           g.last_step, g.locked_until, ug.locked_until \
         from auth.users u \
         left join auth.sessions s on s.id = $2 and s.user_id = u.id \
         left join auth.mfa_factors f on f.id = $3 and f.user_id = u.id \
         left join auth.mfa_challenges c on c.id = $4 and c.factor_id = f.id \
         left join _ferrobase.mfa_challenge_failures w on w.challenge_id = c.id \
         left join _ferrobase.mfa_guard g on g.factor_id = f.id \
         left join _ferrobase.mfa_user_guard ug on ug.user_id = u.id \
         where u.id = $1"
    );
    let row = db
        .query_opt(SQL, &[&user_id, &session_id, &factor_id, &challenge_id])
        .await?;
    row.as_ref().map(read).transpose()
}

const SESSION_AT: usize = USER_WIDTH + 2;
const KEY_AT: usize = SESSION_AT + 8;
const FACTOR_AT: usize = KEY_AT + 3;

fn read(row: &Row) -> Result<Loaded, DbError> {
    let mut keys = Reader::at(row, KEY_AT);
    let counter_key = keys.take()?;
    let counter = keys.take_or_default()?;
    let amr = parts::amr(keys.take()?)?;
    let mut rest = Reader::at(row, FACTOR_AT + FACTOR_WIDTH);
    let challenge = read_challenge(&mut rest)?;
    Ok(Loaded {
        user: users::read(row)?,
        session: sessions::read_at(row, SESSION_AT)?,
        counter_key,
        counter,
        amr,
        factor: factors::read_at(row, FACTOR_AT)?,
        challenge,
        last_step: rest.take()?,
        factor_locked_until: rest.take()?,
        user_locked_until: rest.take()?,
    })
}

fn read_challenge(r: &mut Reader<'_>) -> Result<Option<Challenge>, DbError> {
    let id: Option<Uuid> = r.take()?;
    let created_at: Option<Time> = r.take()?;
    let verified_at = r.take()?;
    let ip: Option<IpAddr> = r.take()?;
    let otp_code = r.take()?;
    let webauthn_state = r.take::<Option<Json<Value>>>()?.map(|Json(value)| value);
    let failures = r.take_or_default()?;
    Ok(match (id, created_at, ip) {
        (Some(id), Some(created_at), Some(ip)) => Some(Challenge {
            id,
            created_at,
            verified_at,
            ip,
            otp_code,
            webauthn_state,
            failures,
        }),
        _ => None,
    })
}

/// What a success writes.
#[derive(Debug)]
pub struct Success<'a> {
    /// The caller.
    pub user_id: Uuid,
    /// The session that is lifted.
    pub session_id: Uuid,
    /// The factor.
    pub factor_id: Uuid,
    /// Its kind.
    pub factor_type: FactorType,
    /// The challenge that is used up; `None` for recovery codes, which have none.
    pub challenge_id: Option<Uuid>,
    /// Whether the challenge row goes instead of being marked (WebAuthn).
    pub delete_challenge: bool,
    /// The accepted TOTP step to remember.
    pub step: Option<i64>,
    /// The next table token; `None` with counter tokens.
    pub refresh_token: Option<&'a str>,
    /// Id of a new `amr` row.
    pub amr_id: Uuid,
    /// Id and payload of the audit row.
    pub audit: Option<(Uuid, Value)>,
    /// Client address, for the audit row.
    pub ip: IpAddr,
    /// Time of the verification.
    pub now: Time,
}

/// Writes a success: challenge used, factor verified, session lifted, tokens rotated, lesser sessions and unverified
/// siblings removed. `false`: the challenge or the code was used by somebody else meanwhile, and the session is as before.
pub async fn complete(db: &impl Executor, success: &Success<'_>) -> Result<bool, DbError> {
    const SQL: &str = "with used as (update auth.mfa_challenges set verified_at = $7 \
            where not $5::bool and id = $4::uuid and factor_id = $3 and verified_at is null returning id), \
         gone as (delete from auth.mfa_challenges where $5::bool and id = $4::uuid and factor_id = $3 returning id), \
         fresh as (insert into _ferrobase.mfa_guard as g (factor_id, last_step, failures) \
            select $3, $6, 0 where $4::uuid is null or exists (select from used) or exists (select from gone) \
            on conflict (factor_id) do update set last_step = coalesce(excluded.last_step, g.last_step), failures = 0, \
               window_started_at = null, locked_until = null \
            where excluded.last_step is null or g.last_step is null or g.last_step < excluded.last_step returning factor_id), \
         forgiven as (delete from _ferrobase.mfa_user_guard where user_id = $1 and exists (select from fresh)), \
         verified as (update auth.mfa_factors set status = 'verified', updated_at = $7 \
            where id = $3 and status <> 'verified' and exists (select from fresh)), \
         siblings as (delete from auth.mfa_factors where user_id = $1 and id <> $3 and status = 'unverified' \
            and factor_type = $8::text::auth.factor_type and exists (select from fresh)), \
         method as (insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method) \
            select $9, $2, $7, $7, $10 from fresh \
            on conflict (session_id, authentication_method) do update set updated_at = excluded.updated_at), \
         lifted as (update auth.sessions set aal = 'aal2', factor_id = $3, updated_at = $7, \
               refresh_token_counter = refresh_token_counter + 2 where id = $2 and exists (select from fresh)), \
         lesser as (delete from auth.sessions where user_id = $1 and id <> $2 and coalesce(aal, 'aal1') < 'aal2' \
            and exists (select from fresh)), \
         current as materialized (select id, token from auth.refresh_tokens \
            where session_id = $2 and revoked = false order by id desc limit 1), \
         revoked as (update auth.refresh_tokens t set revoked = true, updated_at = $7 from current c \
            where t.id = c.id and $11::text is not null and exists (select from fresh)), \
         token as (insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id) \
            select '00000000-0000-0000-0000-000000000000', $11::text, ($1::uuid)::text, false, $7, $7, (select token from current), $2 \
            from fresh where $11::text is not null), \
         audited as (insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) \
            select '00000000-0000-0000-0000-000000000000', $12::uuid, $13::json, $7, $14 from fresh where $12::uuid is not null) \
         select exists (select from fresh)";
    let (audit_id, payload) = match &success.audit {
        Some((id, payload)) => (Some(*id), Some(Json(payload))),
        None => (None, None),
    };
    let ip = success.ip.to_string();
    let row = db
        .query_one(
            SQL,
            &[
                &success.user_id,
                &success.session_id,
                &success.factor_id,
                &success.challenge_id,
                &success.delete_challenge,
                &success.step,
                &success.now,
                &success.factor_type.as_str(),
                &success.amr_id,
                &success.factor_type.method().as_str(),
                &success.refresh_token,
                &audit_id,
                &payload,
                &ip,
            ],
        )
        .await?;
    row.try_get(0).map_err(DbError::from)
}

/// The limits that [`record_failure`] applies.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// Wrong codes per factor and window; 0 = unlimited.
    pub per_factor: i32,
    /// Wrong codes per user and window; 0 = unlimited.
    pub per_user: i32,
    /// Window and pause, seconds.
    pub window_seconds: f64,
}

/// Counts a wrong code against challenge, factor and user, and starts a pause where a limit is reached.
pub async fn record_failure(
    db: &impl Executor,
    user_id: Uuid,
    factor_id: Uuid,
    challenge_id: Option<Uuid>,
    limits: AttemptLimits,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "with challenge as (insert into _ferrobase.mfa_challenge_failures as w (challenge_id, failures) \
            select $3::uuid, 1 where $3::uuid is not null on conflict (challenge_id) do update set failures = w.failures + 1), \
         factor as (insert into _ferrobase.mfa_guard as g (factor_id, failures, window_started_at, locked_until) \
            values ($2, 1, $6::timestamptz, case when $4 = 1 then $6::timestamptz + make_interval(secs => $7::float8) end) \
            on conflict (factor_id) do update set \
               failures = case when g.window_started_at > $6::timestamptz - make_interval(secs => $7::float8) then g.failures + 1 else 1 end, \
               window_started_at = case when g.window_started_at > $6::timestamptz - make_interval(secs => $7::float8) then g.window_started_at else $6::timestamptz end, \
               locked_until = case when $4 > 0 and g.window_started_at > $6::timestamptz - make_interval(secs => $7::float8) and g.failures + 1 >= $4 \
                  then $6::timestamptz + make_interval(secs => $7::float8) else g.locked_until end) \
         insert into _ferrobase.mfa_user_guard as g (user_id, failures, window_started_at, locked_until) \
            values ($1, 1, $6::timestamptz, case when $5 = 1 then $6::timestamptz + make_interval(secs => $7::float8) end) \
            on conflict (user_id) do update set \
               failures = case when g.window_started_at > $6::timestamptz - make_interval(secs => $7::float8) then g.failures + 1 else 1 end, \
               window_started_at = case when g.window_started_at > $6::timestamptz - make_interval(secs => $7::float8) then g.window_started_at else $6::timestamptz end, \
               locked_until = case when $5 > 0 and g.window_started_at > $6::timestamptz - make_interval(secs => $7::float8) and g.failures + 1 >= $5 \
                  then $6::timestamptz + make_interval(secs => $7::float8) else g.locked_until end";
    db.execute(
        SQL,
        &[
            &user_id,
            &factor_id,
            &challenge_id,
            &limits.per_factor,
            &limits.per_user,
            &now,
            &limits.window_seconds,
        ],
    )
    .await?;
    Ok(())
}
