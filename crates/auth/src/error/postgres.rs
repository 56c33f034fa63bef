//! Errors that users raise in their own triggers on `auth.users` and that the initial API version shows (auth.md section 2).

use axum::http::StatusCode;
use ferrobase_db::DbError;
use serde_json::{Map, Value};

use super::AuthError;

/// A database error that the client may see.
pub(super) struct PassedThrough {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

/// The error as the client sees it, if its SQLSTATE is one that passes: raise, integrity constraint, or `PTnnn`.
pub(super) fn passed_through(error: &DbError) -> Option<PassedThrough> {
    let state = error.sqlstate()?;
    let status = match state {
        "P0001" | "23000" | "23001" | "23502" | "23503" | "23505" | "23514" | "23P01" => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        custom => {
            let number = custom.strip_prefix("PT")?.parse::<u16>().ok()?;
            StatusCode::from_u16(number)
                .ok()
                .filter(|status| status.as_u16() >= 400)?
        }
    };
    let mut body = Map::new();
    body.insert("code".into(), state.into());
    body.insert("message".into(), error.db_message().unwrap_or_default().into());
    if let Some(hint) = error.hint() {
        body.insert("hint".into(), hint.into());
    }
    if let Some(detail) = error.detail() {
        body.insert("detail".into(), detail.into());
    }
    Some(PassedThrough {
        status,
        body: Value::Object(body),
    })
}

/// The refusal of a value that the database cannot store: too long for its column, or with a NUL in it. Everything else of
/// that kind is caught before it gets there.
pub(super) fn unfit_value(error: &DbError) -> Option<AuthError> {
    matches!(error.sqlstate(), Some("22001" | "22021" | "22P05"))
        .then(|| AuthError::validation("A value is too long or has characters that cannot be stored"))
}
