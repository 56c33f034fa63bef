//! `auth.users` (auth.md section 20).

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Reader, parts, sessions};
use crate::model::session::Session;
use crate::model::user::{Time, User};

/// Columns of `auth.users u`, in the order in which [`read`] takes them.
macro_rules! user_columns {
    () => {
        "u.id, u.aud, u.role, u.email, u.phone, u.encrypted_password, u.email_confirmed_at, u.phone_confirmed_at, \
         u.confirmed_at, u.invited_at, u.confirmation_token, u.confirmation_sent_at, u.recovery_token, u.recovery_sent_at, \
         u.email_change, u.email_change_token_new, u.email_change_token_current, u.email_change_confirm_status, \
         u.email_change_sent_at, u.phone_change, u.phone_change_token, u.phone_change_sent_at, u.reauthentication_token, \
         u.reauthentication_sent_at, u.last_sign_in_at, u.raw_app_meta_data, u.raw_user_meta_data, u.created_at, \
         u.updated_at, u.banned_until, u.deleted_at, u.is_sso_user, u.is_anonymous"
    };
}

pub(crate) use super::parts::user_parts;
pub(crate) use user_columns;

/// How many columns [`user_columns`] has.
pub(crate) const USER_WIDTH: usize = 33;

/// A full user: columns, then identities and factors.
pub(crate) fn read(row: &Row) -> Result<User, DbError> {
    read_at(row, 0)
}

/// Like [`read`], from a later column on.
pub(crate) fn read_at(row: &Row, first: usize) -> Result<User, DbError> {
    let mut user = read_bare(row, first)?;
    let mut r = Reader::at(row, first + USER_WIDTH);
    user.identities = Some(parts::identities(r.take()?)?);
    user.factors = parts::factors(r.take()?)?;
    Ok(user)
}

/// The columns alone.
pub(crate) fn read_bare(row: &Row, first: usize) -> Result<User, DbError> {
    let mut r = Reader::at(row, first);
    Ok(User {
        id: r.take()?,
        aud: r.take_or_default()?,
        role: r.take_or_default()?,
        email: r.take_text()?,
        phone: r.take_text()?,
        encrypted_password: r.take_text()?,
        email_confirmed_at: r.take()?,
        phone_confirmed_at: r.take()?,
        confirmed_at: r.take()?,
        invited_at: r.take()?,
        confirmation_token: r.take_or_default()?,
        confirmation_sent_at: r.take()?,
        recovery_token: r.take_or_default()?,
        recovery_sent_at: r.take()?,
        email_change: r.take_or_default()?,
        email_change_token_new: r.take_or_default()?,
        email_change_token_current: r.take_or_default()?,
        email_change_confirm_status: r.take_or_default()?,
        email_change_sent_at: r.take()?,
        phone_change: r.take_or_default()?,
        phone_change_token: r.take_or_default()?,
        phone_change_sent_at: r.take()?,
        reauthentication_token: r.take_or_default()?,
        reauthentication_sent_at: r.take()?,
        last_sign_in_at: r.take()?,
        app_metadata: object(r.take()?),
        user_metadata: object(r.take()?),
        created_at: r.take()?,
        updated_at: r.take()?,
        banned_until: r.take()?,
        deleted_at: r.take()?,
        is_sso_user: r.take_or_default()?,
        is_anonymous: r.take_or_default()?,
        identities: None,
        factors: None,
    })
}

fn object(value: Option<Json<Value>>) -> Map<String, Value> {
    match value {
        Some(Json(Value::Object(map))) => map,
        _ => Map::new(),
    }
}

/// The user, with identities and factors.
pub async fn find(db: &impl Executor, id: Uuid) -> Result<Option<User>, DbError> {
    const SQL: &str = concat!(
        "select ",
        user_columns!(),
        ", ",
        user_parts!(),
        " from auth.users u where u.id = $1"
    );
    db.query_opt(SQL, &[&id]).await?.as_ref().map(read).transpose()
}

/// The user, locked until the transaction ends.
pub async fn lock(db: &impl Executor, id: Uuid) -> Result<Option<User>, DbError> {
    const SQL: &str = concat!(
        "select ",
        user_columns!(),
        ", ",
        user_parts!(),
        " from auth.users u where u.id = $1 for update of u"
    );
    db.query_opt(SQL, &[&id]).await?.as_ref().map(read).transpose()
}

/// The user and the session, if the session exists and is theirs.
pub async fn find_with_session(
    db: &impl Executor,
    id: Uuid,
    session_id: Option<Uuid>,
) -> Result<Option<(User, Option<Session>)>, DbError> {
    const SQL: &str = concat!(
        "select ",
        user_columns!(),
        ", ",
        user_parts!(),
        ", ",
        sessions::session_columns!(),
        " from auth.users u left join auth.sessions s on s.id = $2 and s.user_id = u.id where u.id = $1"
    );
    let Some(row) = db.query_opt(SQL, &[&id, &session_id]).await? else {
        return Ok(None);
    };
    Ok(Some((read(&row)?, sessions::read_at(&row, USER_WIDTH + 2)?)))
}

/// The user with this e-mail (lower case) among those not managed by single sign-on.
pub async fn find_by_email(db: &impl Executor, email: &str, audience: &str) -> Result<Option<User>, DbError> {
    const SQL: &str = concat!(
        "select ",
        user_columns!(),
        ", ",
        user_parts!(),
        " from auth.users u where u.email = $1 and u.aud = $2 and u.is_sso_user = false"
    );
    db.query_opt(SQL, &[&email, &audience])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// The user with this phone (digits).
pub async fn find_by_phone(db: &impl Executor, phone: &str, audience: &str) -> Result<Option<User>, DbError> {
    const SQL: &str = concat!(
        "select ",
        user_columns!(),
        ", ",
        user_parts!(),
        " from auth.users u where u.phone = $1 and u.aud = $2 and u.is_sso_user = false"
    );
    db.query_opt(SQL, &[&phone, &audience])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// Whether another user has this e-mail, as their own or through a non-SSO identity.
pub async fn is_email_taken(
    db: &impl Executor,
    email: &str,
    audience: &str,
    except: Uuid,
) -> Result<bool, DbError> {
    const SQL: &str = "select exists (select from auth.users where email = $1 and aud = $2 and is_sso_user = false and id <> $3) \
         or exists (select from auth.identities i join auth.users u on u.id = i.user_id \
            where i.email = $1 and i.provider not like 'sso:%' and u.aud = $2 and u.id <> $3)";
    db.query_one(SQL, &[&email, &audience, &except])
        .await?
        .try_get(0)
        .map_err(DbError::from)
}

/// Whether another user has this phone.
pub async fn is_phone_taken(
    db: &impl Executor,
    phone: &str,
    audience: &str,
    except: Uuid,
) -> Result<bool, DbError> {
    const SQL: &str = "select exists (select from auth.users where phone = $1 and aud = $2 and id <> $3)";
    db.query_one(SQL, &[&phone, &audience, &except])
        .await?
        .try_get(0)
        .map_err(DbError::from)
}

/// Stores a new user: one row through `auth.users`, so that triggers of the application see it with its metadata.
pub async fn insert(db: &impl Executor, user: &User) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.users (instance_id, id, aud, role, email, phone, encrypted_password, \
         email_confirmed_at, phone_confirmed_at, invited_at, confirmation_token, confirmation_sent_at, recovery_token, \
         email_change, email_change_token_new, email_change_token_current, phone_change, phone_change_token, \
         reauthentication_token, raw_app_meta_data, raw_user_meta_data, created_at, updated_at, banned_until, is_sso_user, \
         is_anonymous, is_super_admin, last_sign_in_at) \
         values ('00000000-0000-0000-0000-000000000000', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', \
         '', '', '', '', '', '', $12, $13, $14, $14, $15, $16, $17, null, $18)";
    db.execute(
        SQL,
        &[
            &user.id,
            &user.aud,
            &user.role,
            &user.email,
            &user.phone,
            &user.encrypted_password,
            &user.email_confirmed_at,
            &user.phone_confirmed_at,
            &user.invited_at,
            &user.confirmation_token,
            &user.confirmation_sent_at,
            &Json(&user.app_metadata),
            &Json(&user.user_metadata),
            &user.created_at,
            &user.banned_until,
            &user.is_sso_user,
            &user.is_anonymous,
            &user.last_sign_in_at,
        ],
    )
    .await?;
    Ok(())
}

/// Writes every mutable column of a user that was [`lock`]ed (or just inserted) in this transaction.
/// `updated_at` becomes `now`, in the value too.
pub async fn save(db: &impl Executor, user: &mut User, now: Time) -> Result<(), DbError> {
    const SQL: &str = "update auth.users set aud = $2, role = $3, email = $4, phone = $5, encrypted_password = $6, \
         email_confirmed_at = $7, phone_confirmed_at = $8, invited_at = $9, confirmation_token = $10, \
         confirmation_sent_at = $11, recovery_token = $12, recovery_sent_at = $13, email_change = $14, \
         email_change_token_new = $15, email_change_token_current = $16, email_change_confirm_status = $17, \
         email_change_sent_at = $18, phone_change = $19, phone_change_token = $20, phone_change_sent_at = $21, \
         reauthentication_token = $22, reauthentication_sent_at = $23, last_sign_in_at = $24, raw_app_meta_data = $25, \
         raw_user_meta_data = $26, updated_at = $27, banned_until = $28, deleted_at = $29, is_anonymous = $30 \
         where id = $1 returning confirmed_at";
    user.updated_at = Some(now);
    let row = db
        .query_one(
            SQL,
            &[
                &user.id,
                &user.aud,
                &user.role,
                &user.email,
                &user.phone,
                &user.encrypted_password,
                &user.email_confirmed_at,
                &user.phone_confirmed_at,
                &user.invited_at,
                &user.confirmation_token,
                &user.confirmation_sent_at,
                &user.recovery_token,
                &user.recovery_sent_at,
                &user.email_change,
                &user.email_change_token_new,
                &user.email_change_token_current,
                &user.email_change_confirm_status,
                &user.email_change_sent_at,
                &user.phone_change,
                &user.phone_change_token,
                &user.phone_change_sent_at,
                &user.reauthentication_token,
                &user.reauthentication_sent_at,
                &user.last_sign_in_at,
                &Json(&user.app_metadata),
                &Json(&user.user_metadata),
                &now,
                &user.banned_until,
                &user.deleted_at,
                &user.is_anonymous,
            ],
        )
        .await?;
    user.confirmed_at = row.try_get(0).map_err(DbError::from)?;
    Ok(())
}

/// Removes a user; everything that belongs to them goes with it.
pub async fn delete(db: &impl Executor, id: Uuid) -> Result<bool, DbError> {
    Ok(db.execute("delete from auth.users where id = $1", &[&id]).await? > 0)
}

/// Primary key and provider's subject of every identity of a user.
pub async fn identity_ids(db: &impl Executor, user_id: Uuid) -> Result<Vec<(Uuid, String)>, DbError> {
    let rows = db
        .query(
            "select id, provider_id from auth.identities where user_id = $1",
            &[&user_id],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0).map_err(DbError::from)?,
                row.try_get(1).map_err(DbError::from)?,
            ))
        })
        .collect()
}

/// Forgets what an identity says.
pub async fn empty_identity(
    db: &impl Executor,
    id: Uuid,
    provider_id: &str,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str =
        "update auth.identities set provider_id = $2, identity_data = '{}', updated_at = $3 where id = $1";
    db.execute(SQL, &[&id, &provider_id, &now]).await?;
    Ok(())
}

/// Removes every second factor and passkey of a user.
pub async fn delete_factors(db: &impl Executor, user_id: Uuid) -> Result<(), DbError> {
    const SQL: &str = "with passkeys as (delete from auth.webauthn_credentials where user_id = $1) \
         delete from auth.mfa_factors where user_id = $1";
    db.execute(SQL, &[&user_id]).await?;
    Ok(())
}
