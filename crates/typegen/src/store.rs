//! Reads the catalog. Only what the login may see is there, as the official generator has it.

mod functions;
mod keys;
mod relations;
mod types;
mod views;

use std::collections::HashMap;
use std::time::Duration;

use ferrobase_db::{Connection, DbError, Executor};
use futures_util::try_join;

use crate::model::Catalog;
use crate::relationships::through_views;

/// Longest time of each query of this connection from now on.
pub(crate) async fn limit_queries(connection: &Connection, limit: Duration) -> Result<(), DbError> {
    let sql = "select set_config('statement_timeout', $1, false)";
    connection.query(sql, &[&limit.as_millis().to_string()]).await?;
    Ok(())
}

/// The catalog of `schemas`.
pub(crate) async fn load(executor: &impl Executor, schemas: &[String]) -> Result<Catalog, DbError> {
    let (names, mut relations, mut columns, functions, types, keys, views) = try_join!(
        relations::schemas(executor, schemas),
        relations::relations(executor, schemas),
        relations::columns(executor, schemas),
        functions::functions(executor, schemas),
        types::types(executor),
        keys::foreign_keys(executor, schemas),
        views::views(executor, schemas),
    )?;
    for relation in &mut relations {
        relation.columns = columns.remove(&relation.oid).unwrap_or_default();
    }
    let relationships = through_views(keys, &views);
    let mut catalog = Catalog {
        schemas: names,
        relations,
        relationships,
        functions,
        types,
        by_oid: HashMap::new(),
    };
    catalog.sort();
    Ok(catalog)
}
