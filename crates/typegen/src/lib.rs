//! Types of a database for programs that use it, as source text.
//!
//! [`generate`] reads the catalog (`store/`), makes a [`model::Catalog`] of it whose order depends on names only, and hands it to the
//! writer of a language: `typescript/`, byte for byte what the official generator (`postgres-meta`) writes, or `rust/`.

mod collation;
mod error;
mod model;
mod relationships;
mod rust;
mod store;
mod typescript;

use std::time::Duration;

use ferrobase_db::{Db, DbOptions, PoolRole};

pub use error::TypegenError;
pub use ferrobase_db::Target;
pub use typescript::TypescriptOptions;

/// Source text to write.
#[derive(Debug, Clone)]
pub enum Language {
    /// The `Database` type of the official client.
    Typescript(TypescriptOptions),
    /// Structs and enums for serde.
    Rust,
}

/// The types of `schemas` of a database. No query may take longer than `limit`.
///
/// # Errors
///
/// The database cannot be reached or read.
pub async fn generate(
    target: Target,
    schemas: &[String],
    language: &Language,
    limit: Duration,
) -> Result<String, TypegenError> {
    let db = Db::new(&DbOptions {
        target,
        max_connections: 1,
    })?;
    let pool = db.pool(PoolRole::Admin)?;
    let connection = pool.get().await?;
    store::limit_queries(&connection, limit).await?;
    let catalog = Box::pin(store::load(&connection, schemas)).await?;
    Ok(match language {
        Language::Typescript(options) => typescript::write(&catalog, options),
        Language::Rust => rust::write(&catalog),
    })
}
