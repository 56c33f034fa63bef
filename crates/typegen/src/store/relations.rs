//! Schemas, relations and their columns.

use std::collections::HashMap;

use ferrobase_db::{DbError, Executor};

use crate::model::{Column, Oid, Relation, RelationKind};

const SCHEMAS: &str = "
    select n.nspname::text
    from pg_namespace n
    where n.nspname = any($1) and not starts_with(n.nspname, 'pg_')
        and (pg_has_role(n.nspowner, 'usage') or has_schema_privilege(n.oid, 'create, usage'))";

/// Tables of which the login may do nothing are left out, as the official generator does. Bits of what a relation accepts: 4 is
/// update, 8 is insert.
const RELATIONS: &str = "
    select c.oid, n.nspname::text, c.relname::text, c.relkind,
        c.relkind = 'v' and pg_relation_is_updatable(c.oid, true) & 8 <> 0,
        c.relkind = 'v' and pg_relation_is_updatable(c.oid, true) & 4 <> 0
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1)
        and (c.relkind in ('v', 'm', 'f')
            or c.relkind in ('r', 'p') and (
                pg_has_role(c.relowner, 'usage')
                or has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
                or has_any_column_privilege(c.oid, 'select, insert, update, references')))";

/// A column of a view can be written when PostgreSQL says so, or when a trigger or rule takes whole rows: bit 64 of a trigger's type is
/// `instead of`, 4 is insert, 16 is update; `<>` is a rule without a condition.
const COLUMNS: &str = "
    select a.attrelid, a.attname::text, coalesce(b.typname, t.typname)::text,
        coalesce(bn.nspname, tn.nspname)::text,
        not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)),
        a.attidentity <> '', a.atthasdef, a.attidentity = 'a' or a.attgenerated <> '',
        c.relkind in ('v', 'f') and (
            pg_column_is_updatable(c.oid, a.attnum, false)
            or exists (
                select from pg_trigger g
                where g.tgrelid = c.oid and g.tgtype & 64 <> 0 and g.tgtype & 20 <> 0 and not g.tgisinternal)
            or exists (
                select from pg_rewrite r
                where r.ev_class = c.oid and r.is_instead and r.ev_type in ('2', '3') and r.ev_qual::text = '<>'))
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_type t on t.oid = a.atttypid
    join pg_namespace tn on tn.oid = t.typnamespace
    left join pg_type b on t.typtype = 'd' and b.oid = t.typbasetype
    left join pg_namespace bn on bn.oid = b.typnamespace
    where n.nspname = any($1) and c.relkind in ('r', 'v', 'm', 'f', 'p') and a.attnum > 0 and not a.attisdropped
        and (pg_has_role(c.relowner, 'usage')
            or has_column_privilege(c.oid, a.attnum, 'select, insert, update, references'))";

/// Those of `schemas` that exist and are the login's to see.
pub(super) async fn schemas(executor: &impl Executor, schemas: &[String]) -> Result<Vec<String>, DbError> {
    let rows = executor.query(SCHEMAS, &[&schemas]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Tables and views, without their columns.
pub(super) async fn relations(
    executor: &impl Executor,
    schemas: &[String],
) -> Result<Vec<Relation>, DbError> {
    let rows = executor.query(RELATIONS, &[&schemas]).await?;
    let relation = |row: &ferrobase_db::Row| {
        Ok(Relation {
            oid: row.try_get(0)?,
            schema: row.try_get(1)?,
            name: row.try_get(2)?,
            kind: match u8::try_from(row.try_get::<_, i8>(3)?).unwrap_or_default() {
                b'f' => RelationKind::ForeignTable,
                b'v' => RelationKind::View,
                b'm' => RelationKind::MaterializedView,
                _ => RelationKind::Table,
            },
            accepts_insert: row.try_get(4)?,
            accepts_update: row.try_get(5)?,
            columns: Vec::new(),
        })
    };
    rows.iter().map(relation).collect()
}

/// Columns by their relation.
pub(super) async fn columns(
    executor: &impl Executor,
    schemas: &[String],
) -> Result<HashMap<Oid, Vec<Column>>, DbError> {
    let mut columns: HashMap<Oid, Vec<Column>> = HashMap::new();
    for row in executor.query(COLUMNS, &[&schemas]).await? {
        columns.entry(row.try_get(0)?).or_default().push(Column {
            name: row.try_get(1)?,
            type_name: row.try_get(2)?,
            type_schema: row.try_get(3)?,
            is_nullable: row.try_get(4)?,
            is_identity: row.try_get(5)?,
            has_default: row.try_get(6)?,
            is_computed: row.try_get(7)?,
            is_updatable: row.try_get(8)?,
        });
    }
    Ok(columns)
}
