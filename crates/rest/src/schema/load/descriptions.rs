//! Comments of schemas.

use std::collections::HashMap;

use ferrobase_db::{DbError, Executor};

use super::names::Names;
use crate::schema::model::Name;

const DESCRIPTIONS: &str = "
    select n.nspname, d.description
    from pg_namespace n
    join pg_description d on d.objoid = n.oid and d.classoid = 'pg_namespace'::regclass
    where n.nspname = any($1)";

/// What the comments of `schemas` say.
pub(super) async fn load(
    executor: &impl Executor,
    schemas: &[String],
    names: &mut Names,
) -> Result<HashMap<Name, String>, DbError> {
    let mut descriptions = HashMap::new();
    for row in executor.query(DESCRIPTIONS, &[&schemas]).await? {
        descriptions.insert(names.get(row.try_get(0)?), row.try_get(1)?);
    }
    Ok(descriptions)
}
