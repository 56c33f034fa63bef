//! Identities and factors in wire shape (auth.md 4.2, 4.4), rendered from the rows that come with their user.

use std::error::Error;

use ferrobase_db::{DbError, Type};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::records::{Record, Records};
use crate::model::user::Time;

type Failed = Box<dyn Error + Sync + Send>;

/// Identities and factors of `auth.users u`, as [`identities`] and [`factors`] read them.
macro_rules! user_parts {
    () => {
        "array(select row(i.id, i.provider_id, i.user_id, i.identity_data, i.provider, i.last_sign_in_at, i.created_at, \
            i.updated_at, i.email) from auth.identities i where i.user_id = u.id order by i.created_at, i.id), \
         array(select row(f.id, f.created_at, f.updated_at, f.status, f.friendly_name, f.factor_type, f.phone, \
            f.last_challenged_at, f.web_authn_aaguid, f.last_webauthn_challenge_data) \
            from auth.mfa_factors f where f.user_id = u.id order by f.created_at, f.id)"
    };
}

/// The methods of `auth.sessions s`, newest first, as [`amr`] reads them.
macro_rules! session_amr {
    () => {
        "array(select row(a.authentication_method, a.updated_at) from auth.mfa_amr_claims a \
            where a.session_id = s.id order by a.updated_at desc)"
    };
}

pub(crate) use {session_amr, user_parts};

#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the wire's names")]
struct Identity<'a> {
    identity_id: Uuid,
    id: &'a str,
    user_id: Uuid,
    identity_data: Option<&'a RawValue>,
    provider: &'a str,
    last_sign_in_at: Option<Time>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

impl<'a> Identity<'a> {
    fn read(mut row: Record<'a>) -> Result<Self, Failed> {
        Ok(Self {
            identity_id: row.take(&Type::UUID)?,
            id: row.take(&Type::TEXT)?,
            user_id: row.take(&Type::UUID)?,
            identity_data: row.take_jsonb()?,
            provider: row.take(&Type::TEXT)?,
            last_sign_in_at: row.take(&Type::TIMESTAMPTZ)?,
            created_at: row.take(&Type::TIMESTAMPTZ)?,
            updated_at: row.take(&Type::TIMESTAMPTZ)?,
            email: row.take(&Type::TEXT)?,
        })
    }
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the wire's names")]
struct Factor<'a> {
    id: Uuid,
    created_at: Time,
    updated_at: Time,
    status: &'a str,
    #[serde(skip_serializing_if = "is_blank")]
    friendly_name: Option<&'a str>,
    factor_type: &'a str,
    phone: &'a str,
    last_challenged_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_authn_aaguid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_webauthn_challenge_data: Option<&'a RawValue>,
}

#[allow(clippy::ref_option_ref, reason = "serde's signature")]
fn is_blank(name: &Option<&str>) -> bool {
    name.is_none_or(str::is_empty)
}

impl<'a> Factor<'a> {
    fn read(mut row: Record<'a>) -> Result<Self, Failed> {
        Ok(Self {
            id: row.take(&Type::UUID)?,
            created_at: row.take(&Type::TIMESTAMPTZ)?,
            updated_at: row.take(&Type::TIMESTAMPTZ)?,
            // An enum travels as its label.
            status: row.take(&Type::TEXT)?,
            friendly_name: row.take(&Type::TEXT)?,
            factor_type: row.take(&Type::TEXT)?,
            phone: row.take::<Option<&str>>(&Type::TEXT)?.unwrap_or_default(),
            last_challenged_at: row.take(&Type::TIMESTAMPTZ)?,
            web_authn_aaguid: row.take(&Type::UUID)?,
            last_webauthn_challenge_data: row.take_jsonb()?,
        })
    }
}

/// The `identities` of a user; an empty list when there are none.
pub(super) fn identities(rows: Records<'_>) -> Result<Box<RawValue>, DbError> {
    render_identities(rows).map_err(unreadable)
}

fn render_identities(rows: Records<'_>) -> Result<Box<RawValue>, Failed> {
    let all = rows
        .0
        .into_iter()
        .map(Identity::read)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(serde_json::value::to_raw_value(&all)?)
}

/// The `factors` of a user; `None` when there are none.
pub(super) fn factors(rows: Records<'_>) -> Result<Option<Box<RawValue>>, DbError> {
    render_factors(rows).map_err(unreadable)
}

fn render_factors(rows: Records<'_>) -> Result<Option<Box<RawValue>>, Failed> {
    if rows.0.is_empty() {
        return Ok(None);
    }
    let all = rows
        .0
        .into_iter()
        .map(Factor::read)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(serde_json::value::to_raw_value(&all)?))
}

#[derive(Serialize)]
struct Method<'a> {
    method: &'a str,
    timestamp: i64,
}

/// The `amr` claim of a session (auth.md 5.1).
pub(super) fn amr(rows: Records<'_>) -> Result<Box<RawValue>, DbError> {
    render_amr(rows).map_err(unreadable)
}

fn render_amr(rows: Records<'_>) -> Result<Box<RawValue>, Failed> {
    let mut methods = Vec::with_capacity(rows.0.len());
    for mut row in rows.0 {
        methods.push(Method {
            method: row.take(&Type::TEXT)?,
            timestamp: row.take::<Time>(&Type::TIMESTAMPTZ)?.timestamp(),
        });
    }
    Ok(serde_json::value::to_raw_value(&methods)?)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: Failed) -> DbError {
    DbError::Unreadable(error.to_string())
}
