//! Functions and aggregates that make media types (rest.md section 11): those that return a domain named like one.

use std::collections::HashMap;

use ferrobase_db::{DbError, Executor};

use super::names::Names;
use crate::schema::model::{MediaHandler, MediaHandlerKey};

/// Aggregates take a relation's row or any element.
const HANDLERS: &str = r"
    select lower(m.typname), n.nspname, p.proname, p.prokind = 'a', an.nspname, ac.relname
    from pg_type m
    join pg_proc p on p.prorettype = m.oid
    join pg_namespace n on n.oid = p.pronamespace
    left join pg_type a on p.prokind = 'a' and p.pronargs = 1 and a.oid = p.proargtypes[0]
    left join pg_class ac on ac.reltype = a.oid and ac.relkind in ('r', 'p', 'v', 'm', 'f')
    left join pg_namespace an on an.oid = ac.relnamespace
    where m.typtype = 'd'
        and (m.typname = '*/*' or m.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$')
        and n.nspname = any($1)
        and (
            (p.prokind = 'a' and (ac.oid is not null or a.oid = 'anyelement'::regtype))
            or (p.prokind = 'f' and not p.proretset)
        )
    order by p.oid";

/// The handlers of `schemas`.
pub(super) async fn load(
    executor: &impl Executor,
    schemas: &[String],
    names: &mut Names,
) -> Result<HashMap<MediaHandlerKey, MediaHandler>, DbError> {
    let mut handlers = HashMap::new();
    for row in executor.query(HANDLERS, &[&schemas]).await? {
        let function = names.qualified(row.try_get(1)?, row.try_get(2)?);
        let row_schema: Option<&str> = row.try_get(4)?;
        let row_name: Option<&str> = row.try_get(5)?;
        let (target, handler) = if row.try_get(3)? {
            let row_type = row_schema.zip(row_name);
            let row_type = row_type.map(|(schema, name)| names.qualified(schema, name));
            (row_type.clone(), MediaHandler::Aggregate { function, row_type })
        } else {
            (Some(function), MediaHandler::Routine)
        };
        let media_type = row.try_get(0)?;
        handlers.insert(MediaHandlerKey { target, media_type }, handler);
    }
    Ok(handlers)
}
