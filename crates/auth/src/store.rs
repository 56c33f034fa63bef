//! All SQL of the service: plain async functions on an [`Executor`]. A statement stands whole in one place; shared
//! column lists are macros so that they stay literals.

use ferrobase_db::{DbError, FromSql, Row};

pub mod audit;
pub mod audit_log;
pub mod challenges;
pub mod cleanup;
pub mod code_guesses;
pub mod custom_providers;
pub mod factors;
pub mod flow_ends;
pub mod flow_states;
pub mod identities;
pub mod linking;
pub mod oauth_authorizations;
pub mod oauth_client_states;
pub mod oauth_clients;
pub mod oauth_consents;
pub mod one_time_tokens;
mod parts;
pub mod passkeys;
mod records;
pub mod recovery_codes;
pub mod refresh;
pub mod relay_states;
pub mod sessions;
pub mod single_use;
pub mod sso_providers;
pub mod user_lists;
pub mod users;
pub mod verification;

/// Reads the columns of a row in order.
pub(crate) struct Reader<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    /// Starts at a later column.
    pub(crate) fn at(row: &'a Row, next: usize) -> Self {
        Self { row, next }
    }

    /// The next column.
    pub(crate) fn take<T: FromSql<'a>>(&mut self) -> Result<T, DbError> {
        let value = self.row.try_get(self.next).map_err(DbError::from)?;
        self.next += 1;
        Ok(value)
    }

    /// The next column, NULL as the type's default.
    pub(crate) fn take_or_default<T: FromSql<'a> + Default>(&mut self) -> Result<T, DbError> {
        Ok(self.take::<Option<T>>()?.unwrap_or_default())
    }

    /// The next column, NULL and "" as `None`.
    pub(crate) fn take_text(&mut self) -> Result<Option<String>, DbError> {
        Ok(self.take::<Option<String>>()?.filter(|text| !text.is_empty()))
    }
}
