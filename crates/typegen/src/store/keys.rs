//! Foreign keys.

use ferrobase_db::{DbError, Executor, Row};

use crate::model::Relationship;
use crate::relationships::ForeignKey;

/// Those of partitions are their table's. A key is one to one when its columns, in its order, are those of a primary key or unique
/// constraint in the table's order.
const FOREIGN_KEYS: &str = "
    select k.conname::text, n.nspname::text, c.relname::text, rn.nspname::text, rc.relname::text,
        k.conrelid, k.conkey, k.confrelid, k.confkey, columns.own, columns.referenced,
        exists (
            select from pg_constraint u
            where u.conrelid = k.conrelid and u.connamespace = k.connamespace and u.contype in ('p', 'u')
                and k.conkey = array(select part from unnest(u.conkey) part order by part))
    from pg_constraint k
    join pg_namespace n on n.oid = k.connamespace
    join pg_class c on c.oid = k.conrelid
    join pg_class rc on rc.oid = k.confrelid
    join pg_namespace rn on rn.oid = rc.relnamespace
    cross join lateral (
        select array_agg(a.attname::text order by part.place) as own, array_agg(r.attname::text order by part.place) as referenced
        from unnest(k.conkey, k.confkey) with ordinality part(own, referenced, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = part.own
        join pg_attribute r on r.attrelid = k.confrelid and r.attnum = part.referenced
    ) columns
    where k.contype = 'f' and k.conparentid = 0 and n.nspname = any($1)
    order by k.oid";

/// Foreign keys of tables of `schemas`.
pub(super) async fn foreign_keys(
    executor: &impl Executor,
    schemas: &[String],
) -> Result<Vec<ForeignKey>, DbError> {
    let rows = executor.query(FOREIGN_KEYS, &[&schemas]).await?;
    rows.iter().map(one).collect()
}

fn one(row: &Row) -> Result<ForeignKey, DbError> {
    let numbers = |table, columns| -> Result<_, DbError> {
        let table: u32 = row.try_get(table)?;
        let columns: Vec<i16> = row.try_get(columns)?;
        Ok(columns.into_iter().map(|column| (table, column)).collect())
    };
    Ok(ForeignKey {
        own: numbers(5, 6)?,
        referenced: numbers(7, 8)?,
        between_tables: Relationship {
            name: row.try_get(0)?,
            schema: row.try_get(1)?,
            relation: row.try_get(2)?,
            columns: row.try_get(9)?,
            is_one_to_one: row.try_get(11)?,
            referenced_schema: row.try_get(3)?,
            referenced_relation: row.try_get(4)?,
            referenced_columns: row.try_get(10)?,
        },
    })
}
