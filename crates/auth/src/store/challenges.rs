//! `auth.mfa_challenges` (auth.md 6.2).

use std::net::IpAddr;

use ferrobase_db::{DbError, Executor, Json};
use serde_json::Value;
use uuid::Uuid;

use super::Reader;
use crate::model::factor::FactorType;
use crate::model::user::Time;

/// What [`create_totp`] is asked to do.
#[derive(Debug)]
pub struct TotpChallenge {
    /// The caller.
    pub user_id: Uuid,
    /// The caller's session, if the token names one.
    pub session_id: Option<Uuid>,
    /// The factor to challenge.
    pub factor_id: Uuid,
    /// Whether TOTP verification is switched on; nothing is written otherwise.
    pub enabled: bool,
    /// Id for the new challenge.
    pub id: Uuid,
    /// Client address.
    pub ip: IpAddr,
    /// Id for the audit row; `None` writes none.
    pub audit_id: Option<Uuid>,
    /// Time of the challenge.
    pub now: Time,
}

/// What [`create_totp`] found. The challenge exists iff every check holds and the factor is a TOTP one.
#[derive(Debug)]
pub struct ChallengeOutcome {
    /// End of a ban.
    pub banned_until: Option<Time>,
    /// Whether the session exists.
    pub has_session: bool,
    /// Kind of the factor; `None` = not the caller's, or unknown.
    pub factor_type: Option<FactorType>,
    /// Whether the challenge was written.
    pub created: bool,
}

/// Checks the caller and the factor and writes a TOTP challenge, all in one statement; `None` = no such user.
///
/// The checks of auth.md 1.1 are repeated here in SQL because this is the hottest MFA endpoint.
pub async fn create_totp(
    db: &impl Executor,
    new: &TotpChallenge,
) -> Result<Option<ChallengeOutcome>, DbError> {
    const SQL: &str = "with caller as materialized ( \
            select u.id, u.email, u.phone, u.is_sso_user, u.banned_until, s.id as session_id \
            from auth.users u left join auth.sessions s on s.id = $2 and s.user_id = u.id where u.id = $1), \
         factor as materialized (select f.id, f.factor_type from auth.mfa_factors f where f.id = $3 and f.user_id = $1), \
         allowed as materialized (select f.id from factor f cross join caller c \
            where f.factor_type = 'totp' and $4 and (c.session_id is not null or $2 is null) \
               and (c.banned_until is null or c.banned_until <= $5)), \
         challenge as (insert into auth.mfa_challenges (id, factor_id, created_at, ip_address) \
            select $6, id, $5, $7 from allowed returning id), \
         touched as (update auth.mfa_factors f set last_challenged_at = $5, updated_at = $5 from allowed a where f.id = a.id), \
         audited as (insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) \
            select '00000000-0000-0000-0000-000000000000', $8::uuid, json_build_object('actor_id', c.id, 'actor_username', \
               coalesce(nullif(c.phone, ''), c.email, ''), 'actor_via_sso', c.is_sso_user, 'action', 'challenge_created', \
               'log_type', 'factor', 'traits', json_build_object('factor_id', a.id)), $5, host($7) \
            from allowed a cross join caller c where $8::uuid is not null) \
         select c.banned_until, c.session_id is not null, (select factor_type::text from factor), \
            exists (select from challenge) from caller c";
    let params: [&(dyn ferrobase_db::ToSql + Sync); 8] = [
        &new.user_id,
        &new.session_id,
        &new.factor_id,
        &new.enabled,
        &new.now,
        &new.id,
        &new.ip,
        &new.audit_id,
    ];
    let Some(row) = db.query_opt(SQL, &params).await? else {
        return Ok(None);
    };
    let mut r = Reader::new(&row);
    Ok(Some(ChallengeOutcome {
        banned_until: r.take()?,
        has_session: r.take()?,
        factor_type: r.take::<Option<&str>>()?.and_then(FactorType::parse),
        created: r.take()?,
    }))
}

/// Writes a challenge with a code or WebAuthn state and marks the factor as challenged.
pub async fn create(
    db: &impl Executor,
    id: Uuid,
    factor_id: Uuid,
    ip: IpAddr,
    otp_code: Option<&str>,
    webauthn_state: Option<&Value>,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "with touched as (update auth.mfa_factors set last_challenged_at = $5, updated_at = $5 where id = $2) \
         insert into auth.mfa_challenges (id, factor_id, created_at, ip_address, otp_code, web_authn_session_data) \
         values ($1, $2, $5, $3, $4, $6)";
    db.execute(
        SQL,
        &[&id, &factor_id, &ip, &otp_code, &now, &webauthn_state.map(Json)],
    )
    .await?;
    Ok(())
}

/// Removes a challenge.
pub async fn delete(db: &impl Executor, id: Uuid) -> Result<bool, DbError> {
    Ok(db
        .execute("delete from auth.mfa_challenges where id = $1", &[&id])
        .await?
        > 0)
}
