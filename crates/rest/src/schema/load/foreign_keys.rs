//! Foreign keys of all schemas: views of exposed schemas may show tables that are not exposed.

use ferrobase_db::{DbError, Executor, Row};

use super::names::Names;
use crate::schema::relationships::{ForeignKey, KeySide};

/// Those that PostgreSQL made by itself for partitions have a parent.
const FOREIGN_KEYS: &str = "
    select k.conname,
        k.conrelid, origin_schema.nspname, origin.relname, k.conkey, origin_columns.names,
        k.confrelid, target_schema.nspname, target.relname, k.confkey, target_columns.names,
        exists (
            select
            from pg_constraint u
            where u.conrelid = k.conrelid
                and u.contype in ('p', 'u')
                and u.conkey @> k.conkey and u.conkey <@ k.conkey
        )
    from pg_constraint k
    join pg_class origin on origin.oid = k.conrelid
    join pg_namespace origin_schema on origin_schema.oid = origin.relnamespace
    join pg_class target on target.oid = k.confrelid
    join pg_namespace target_schema on target_schema.oid = target.relnamespace
    cross join lateral (
        select array_agg(a.attname order by c.at) as names
        from unnest(k.conkey) with ordinality c(number, at)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.number
    ) origin_columns
    cross join lateral (
        select array_agg(a.attname order by c.at) as names
        from unnest(k.confkey) with ordinality c(number, at)
        join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.number
    ) target_columns
    where k.contype = 'f' and k.conparentid = 0";

/// All foreign keys.
pub(super) async fn load(executor: &impl Executor, names: &mut Names) -> Result<Vec<ForeignKey>, DbError> {
    let mut keys = Vec::new();
    for row in executor.query(FOREIGN_KEYS, &[]).await? {
        keys.push(ForeignKey {
            constraint: names.get(row.try_get(0)?),
            origin: side(&row, 1, names)?,
            target: side(&row, 6, names)?,
            is_unique: row.try_get(11)?,
        });
    }
    Ok(keys)
}

/// Five columns of the row, from `at`.
fn side(row: &Row, at: usize, names: &mut Names) -> Result<KeySide, DbError> {
    let numbers: Vec<i16> = row.try_get(at + 3)?;
    let columns: Vec<&str> = row.try_get(at + 4)?;
    Ok(KeySide {
        relation: row.try_get(at)?,
        name: names.qualified(row.try_get(at + 1)?, row.try_get(at + 2)?),
        columns: numbers
            .into_iter()
            .zip(columns.into_iter().map(|column| names.get(column)))
            .collect(),
    })
}
