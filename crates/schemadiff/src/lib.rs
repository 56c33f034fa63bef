//! The statements that make one database's schema that of another.
//!
//! [`differences`] compares two databases; the one is usually a [`Shadow`], in which a project's migrations ran. `store/` reads a
//! schema (`model::Snapshot`: objects, and what needs what), `plan.rs` decides what is done to which object, and `statements/` writes it.
//! Compared are schemas, extensions, types, sequences, tables with all that goes with them, views, functions, triggers, policies,
//! privileges, publications and comments; not aggregates, operators, foreign tables, event triggers, rules, statistics, owners and
//! default privileges.

mod error;
mod model;
mod order;
mod plan;
mod statements;
mod store;

use ferrobase_db::Connection;

pub use error::DiffError;
pub use ferrobase_db::Target;
pub use store::Shadow;

/// The statements that make the schema of `from` that of `to`, each without its semicolon: of `schemas`, or of all that are the project's.
///
/// # Errors
///
/// One of the databases cannot be read.
pub async fn differences(
    from: &Connection,
    to: &Connection,
    schemas: &[String],
) -> Result<Vec<String>, DiffError> {
    let before = Box::pin(store::snapshot(from, schemas)).await?;
    let after = Box::pin(store::snapshot(to, schemas)).await?;
    Ok(statements::statements(&before, &after))
}
