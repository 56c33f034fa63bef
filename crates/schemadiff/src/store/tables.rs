//! Tables and their columns.

use std::collections::HashMap;

use ferrobase_db::{Connection, DbError, Executor, Row};

use super::{Reading, Scope};
use crate::model::{Column, Detail, Kind, Table};

const TABLES: &str = "
    select 'pg_class', c.oid, n.nspname::text, c.relname::text, null::oid,
        '', format('drop table %s', c.oid::regclass),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(c.relacl) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> c.relowner), '[]'),
        format('table %s', c.oid::regclass),
        c.oid::regclass::text, c.relpersistence = 'u', c.relrowsecurity, c.relforcerowsecurity,
        case c.relreplident when 'f' then 'full' when 'n' then 'nothing' when 'i' then (
            select format('using index %I', x.relname) from pg_index i join pg_class x on x.oid = i.indexrelid
            where i.indrelid = c.oid and i.indisreplident) else 'default' end,
        case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
        case when c.relispartition then (select i.inhparent::regclass::text from pg_inherits i where i.inhrelid = c.oid) end,
        pg_get_expr(c.relpartbound, c.oid),
        array(select i.inhparent::regclass::text from pg_inherits i
            where i.inhrelid = c.oid and not c.relispartition order by i.inhseqno)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname = any($1)
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')";

/// The type's catalog row is that of an array's elements.
const COLUMNS: &str = "
    select a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod),
        case when own.typtype = 'c' then 'pg_class' else 'pg_type' end,
        case when own.typtype = 'c' then own.typrelid else own.oid end,
        case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
        a.attnotnull,
        case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
        case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
        a.attinhcount > 0 and not a.attislocal
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_type t on t.oid = a.atttypid
    join pg_type own on own.oid = case when t.typcategory = 'A' and t.typelem <> 0 then t.typelem else t.oid end
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relkind in ('r', 'p') and n.nspname = any($1) and a.attnum > 0 and not a.attisdropped
    order by a.attrelid, a.attnum";

pub(super) async fn read(
    reading: &mut Reading,
    connection: &Connection,
    scope: &Scope,
) -> Result<(), DbError> {
    let mut columns: HashMap<u32, Vec<(String, Column)>> = HashMap::new();
    for row in connection.query(COLUMNS, &[&scope.schemas]).await? {
        let column = column(reading, &row)?;
        columns
            .entry(row.try_get(0)?)
            .or_default()
            .push((row.try_get(1)?, column));
    }
    for row in connection.query(TABLES, &[&scope.schemas]).await? {
        let (key, mut object) = reading.object(&row, Kind::Table)?;
        let own = columns.remove(&row.try_get(1)?).unwrap_or_default();
        object.detail = Detail::Table(Box::new(table(&row, own)?));
        reading.add((row.try_get(0)?, row.try_get(1)?), key, object);
    }
    Ok(())
}

fn table(row: &Row, columns: Vec<(String, Column)>) -> Result<Table, DbError> {
    let parent: Option<String> = row.try_get(15)?;
    let bound: Option<String> = row.try_get(16)?;
    Ok(Table {
        name: row.try_get(9)?,
        order: columns.iter().map(|(name, _)| name.clone()).collect(),
        columns: columns.into_iter().collect(),
        is_unlogged: row.try_get(10)?,
        has_rls: row.try_get(11)?,
        forces_rls: row.try_get(12)?,
        replica_identity: row.try_get::<_, Option<String>>(13)?.unwrap_or_default(),
        partitioned_by: row.try_get(14)?,
        partition_of: parent.zip(bound),
        inherits: row.try_get(17)?,
    })
}

fn column(reading: &Reading, row: &Row) -> Result<Column, DbError> {
    let catalog: String = row.try_get(3)?;
    Ok(Column {
        ty: row.try_get(2)?,
        own_type: reading.key(&catalog, row.try_get(4)?),
        collation: row.try_get(5)?,
        is_required: row.try_get(6)?,
        identity: row.try_get(7)?,
        generated: row.try_get(8)?,
        is_inherited: row.try_get(9)?,
    })
}
