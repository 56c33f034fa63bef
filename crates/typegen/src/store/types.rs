//! Types of all schemas: columns and arguments may have any.

use ferrobase_db::{DbError, Executor, Row};

use crate::model::Type;

const TYPES: &str = "
    select t.oid, n.nspname::text, t.typname::text, format_type(t.oid, null),
        array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder),
        coalesce(a.names, '{}'), coalesce(a.types, '{}'), nullif(t.typrelid, 0),
        nullif(t.typbasetype, 0), case when t.typcategory = 'A' and t.typtype = 'b' then nullif(t.typelem, 0) end
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    left join pg_class c on c.oid = t.typrelid
    left join lateral (
        select array_agg(a.attname::text order by a.attnum) as names, array_agg(a.atttypid order by a.attnum) as types
        from pg_attribute a where a.attrelid = c.oid and c.relkind = 'c' and not a.attisdropped
    ) a on true
    where t.typrelid = 0 or c.relkind in ('c', 'r', 'v', 'm', 'p', 'f')";

/// All types, those of rows among them.
pub(super) async fn types(executor: &impl Executor) -> Result<Vec<Type>, DbError> {
    executor.query(TYPES, &[]).await?.iter().map(one).collect()
}

fn one(row: &Row) -> Result<Type, DbError> {
    let names: Vec<String> = row.try_get(5)?;
    let types: Vec<u32> = row.try_get(6)?;
    Ok(Type {
        oid: row.try_get(0)?,
        schema: row.try_get(1)?,
        name: row.try_get(2)?,
        written: row.try_get(3)?,
        labels: row.try_get(4)?,
        attributes: names.into_iter().zip(types).collect(),
        relation: row.try_get(7)?,
        base: row.try_get(8)?,
        element: row.try_get(9)?,
    })
}
