//! `auth.mfa_factors` (auth.md section 6).

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Reader;
use crate::model::factor::{Factor, FactorType};
use crate::model::user::Time;

/// Columns of `auth.mfa_factors f`, in the order in which [`read_at`] takes them.
macro_rules! factor_columns {
    () => {
        "f.id, f.user_id, f.friendly_name, f.factor_type::text, f.status = 'verified', f.secret, f.phone, \
         f.last_challenged_at, f.web_authn_credential, f.created_at"
    };
}

pub(crate) use factor_columns;

/// How many columns [`factor_columns`] has.
pub(crate) const FACTOR_WIDTH: usize = 10;

/// A factor from a (possibly outer) join.
pub(crate) fn read_at(row: &Row, first: usize) -> Result<Option<Factor>, DbError> {
    let mut r = Reader::at(row, first);
    let Some(id) = r.take::<Option<Uuid>>()? else {
        return Ok(None);
    };
    let (user_id, friendly_name) = (r.take()?, r.take()?);
    let Some(factor_type) = FactorType::parse(r.take()?) else {
        return Ok(None);
    };
    Ok(Some(Factor {
        id,
        user_id,
        friendly_name,
        factor_type,
        verified: r.take_or_default()?,
        secret: r.take()?,
        phone: r.take()?,
        last_challenged_at: r.take()?,
        web_authn_credential: r
            .take::<Option<Json<serde_json::Value>>>()?
            .map(|Json(value)| value),
        created_at: r.take()?,
    }))
}

/// All factors of a user, oldest first.
pub async fn of_user(db: &impl Executor, user_id: Uuid) -> Result<Vec<Factor>, DbError> {
    const SQL: &str = concat!(
        "select ",
        factor_columns!(),
        " from auth.mfa_factors f where f.user_id = $1 order by f.created_at, f.id"
    );
    let rows = db.query(SQL, &[&user_id]).await?;
    rows.iter()
        .filter_map(|row| read_at(row, 0).transpose())
        .collect()
}

/// One factor of a user.
pub async fn find(db: &impl Executor, user_id: Uuid, id: Uuid) -> Result<Option<Factor>, DbError> {
    const SQL: &str = concat!(
        "select ",
        factor_columns!(),
        " from auth.mfa_factors f where f.id = $2 and f.user_id = $1"
    );
    match db.query_opt(SQL, &[&user_id, &id]).await? {
        Some(row) => read_at(&row, 0),
        None => Ok(None),
    }
}

/// The factors of a user in wire shape (auth.md 4.4), `None` when there are none.
pub async fn rendered(db: &impl Executor, user_id: Uuid) -> Result<Option<Box<RawValue>>, DbError> {
    Ok(super::users::find(db, user_id)
        .await?
        .and_then(|user| user.factors))
}

/// Serialises enrolments of one user: the counts and names that are checked next stay true until the end of the
/// transaction.
pub async fn lock_enrolment(db: &impl Executor, user_id: Uuid) -> Result<(), DbError> {
    db.query_opt(
        "select id from auth.users where id = $1 for no key update",
        &[&user_id],
    )
    .await?;
    Ok(())
}

/// Stores a new, unverified factor.
pub async fn insert(db: &impl Executor, factor: &Factor) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at) \
         values ($1, $2, $3, $4::text::auth.factor_type, case when $5 then 'verified' else 'unverified' end::auth.factor_status, \
            $6, $7, $8, $8)";
    db.execute(
        SQL,
        &[
            &factor.id,
            &factor.user_id,
            &factor.friendly_name.as_deref().unwrap_or_default(),
            &factor.factor_type.as_str(),
            &factor.verified,
            &factor.secret,
            &factor.phone,
            &factor.created_at,
        ],
    )
    .await?;
    Ok(())
}

/// Removes unverified factors of a user with this phone.
pub async fn delete_unverified_phone(db: &impl Executor, user_id: Uuid, phone: &str) -> Result<u64, DbError> {
    const SQL: &str = "delete from auth.mfa_factors where user_id = $1 and phone = $2 and factor_type = 'phone' and status = 'unverified'";
    db.execute(SQL, &[&user_id, &phone]).await
}

/// Removes unverified, never challenged factors created before `before`: a user's own, or anyone's, at most 1,000.
pub async fn delete_stale(db: &impl Executor, before: Time) -> Result<u64, DbError> {
    const SQL: &str = "delete from auth.mfa_factors where id in (select f.id from auth.mfa_factors f \
         where f.status <> 'verified' and f.created_at < $1 \
            and not exists (select from auth.mfa_challenges c where c.factor_id = f.id) limit 1000)";
    db.execute(SQL, &[&before]).await
}

/// Removes the user's abandoned factors: unverified and older than `before`, challenged or not, so that they neither
/// hold a name nor count towards the limits.
pub async fn delete_abandoned(db: &impl Executor, user_id: Uuid, before: Time) -> Result<u64, DbError> {
    const SQL: &str = "delete from auth.mfa_factors f where f.user_id = $1 and f.status <> 'verified' and f.created_at < $2 \
         and not exists (select from auth.mfa_challenges c where c.factor_id = f.id and c.created_at >= $2)";
    db.execute(SQL, &[&user_id, &before]).await
}

/// Removes a factor and takes the sessions it lifted back to aal1 (auth.md 6.4).
pub async fn delete(db: &impl Executor, factor: &Factor, now: Time) -> Result<(), DbError> {
    const SQL: &str = "with lifted as (update auth.sessions set aal = 'aal1', factor_id = null, updated_at = $3 \
            where factor_id = $1 and user_id = $4 returning id), \
         methods as (delete from auth.mfa_amr_claims a using lifted \
            where a.session_id = lifted.id and a.authentication_method = $2) \
         delete from auth.mfa_factors where id = $1";
    db.execute(
        SQL,
        &[
            &factor.id,
            &factor.factor_type.method().as_str(),
            &now,
            &factor.user_id,
        ],
    )
    .await?;
    Ok(())
}

/// Changes name and phone as an administrator.
pub async fn update(
    db: &impl Executor,
    id: Uuid,
    friendly_name: Option<&str>,
    phone: Option<&str>,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "update auth.mfa_factors set friendly_name = coalesce($2, friendly_name), phone = coalesce($3, phone), \
         updated_at = $4 where id = $1";
    db.execute(SQL, &[&id, &friendly_name, &phone, &now]).await?;
    Ok(())
}

/// Stores the credential of a security key, and its model when it is new.
pub async fn set_credential(
    db: &impl Executor,
    id: Uuid,
    credential: &serde_json::Value,
    aaguid: Option<Uuid>,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "update auth.mfa_factors set web_authn_credential = $2, web_authn_aaguid = coalesce($3, web_authn_aaguid), \
         updated_at = $4 where id = $1";
    db.execute(SQL, &[&id, &Json(credential), &aaguid, &now]).await?;
    Ok(())
}
