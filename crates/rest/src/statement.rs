//! Plans become SQL (rest.md section 22). Every statement answers one row whose columns are [`Column`]s; all of them are
//! text, so that the binary form is the text itself and bytes of a media type pass through unchanged.

use ferrobase_db::{Format, Statement};
use ferrobase_sql::Fragment;

mod body;
mod call;
mod conditions;
mod context;
mod fields;
mod finish;
mod mutation;
mod rows;

pub(crate) use context::{Context, context, pre_request};
pub(crate) use finish::{
    Counting, Expectation, Finish, UNEXPECTED, explained, read, response_settings, rows,
};
pub(crate) use {call::call, mutation::bare_mutation, mutation::mutation};

/// The columns of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Column {
    /// Rows without the range, if they are counted.
    Total,
    /// Rows that are shown, or were written.
    Rows,
    /// `response.headers`
    Headers,
    /// `response.status`
    Status,
    /// Of a write, a JSON array: the number of rows that were inserted and not overwritten, and the values of the primary
    /// key for `Location`.
    Extra,
    /// The body; last, because it may be large.
    Body,
}

/// A finished statement, with its answer as bytes.
pub(crate) fn statement(sql: Fragment) -> Statement<'static> {
    let (text, params) = sql.into_parts();
    Statement {
        sql: text.into(),
        params: params.into_iter().map(|value| value.map(Into::into)).collect(),
        format: Format::Binary,
    }
}
