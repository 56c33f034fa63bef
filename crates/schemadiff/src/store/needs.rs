//! What depends on what.

use ferrobase_db::{Connection, DbError, Executor};

use super::Reading;
use crate::model::{Key, Kind, Need};

/// Rules are their views, arrays their elements, rows their relations, and expressions of generated columns their tables.
const NEEDS: &str = "
    with resolved as (
        select t.oid,
            case when e.typrelid <> 0 then 'pg_class' else 'pg_type' end as catalog,
            case when e.typrelid <> 0 then e.typrelid else e.oid end as object
        from pg_type t
        join pg_type e on e.oid = case when t.typcategory = 'A' and t.typelem <> 0 then t.typelem else t.oid end
    )
    select
        case when d.classid = 'pg_rewrite'::regclass then 'pg_class'
            when d.classid = 'pg_attrdef'::regclass and ga.attgenerated <> '' then 'pg_class'
            when d.classid = 'pg_type'::regclass then own.catalog
            else d.classid::regclass::text end,
        case when d.classid = 'pg_rewrite'::regclass then w.ev_class
            when d.classid = 'pg_attrdef'::regclass and ga.attgenerated <> '' then ga.attrelid
            when d.classid = 'pg_type'::regclass then own.object
            else d.objid end,
        case when d.refclassid = 'pg_type'::regclass then other.catalog else d.refclassid::regclass::text end,
        case when d.refclassid = 'pg_type'::regclass then other.object else d.refobjid end,
        coalesce(ra.attname::text, '')
    from pg_depend d
    left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
    left join pg_attrdef g on d.classid = 'pg_attrdef'::regclass and g.oid = d.objid
    left join pg_attribute ga on ga.attrelid = g.adrelid and ga.attnum = g.adnum
    left join resolved own on d.classid = 'pg_type'::regclass and own.oid = d.objid
    left join resolved other on d.refclassid = 'pg_type'::regclass and other.oid = d.refobjid
    left join pg_attribute ra
        on d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and ra.attrelid = d.refobjid and ra.attnum = d.refobjsubid
    where d.deptype <> 'e' and d.objid >= 16384 and d.refobjid <> 0";

/// Indexes of constraints.
const CONSTRAINT_INDEXES: &str =
    "select oid, conindid from pg_constraint where conindid <> 0 and contype in ('p', 'u', 'x')";

pub(super) async fn read(reading: &mut Reading, connection: &Connection) -> Result<(), DbError> {
    for row in connection.query(CONSTRAINT_INDEXES, &[]).await? {
        if let Some(key) = reading.key("pg_constraint", row.try_get(0)?) {
            let address = ("pg_class".to_owned(), row.try_get(1)?);
            reading.keys.entry(address).or_insert(key);
        }
    }
    for row in connection.query(NEEDS, &[]).await? {
        let (Some(catalog), Some(other)): (Option<String>, Option<String>) =
            (row.try_get(0)?, row.try_get(2)?)
        else {
            continue;
        };
        let (Some(oid), Some(other_oid)): (Option<u32>, Option<u32>) = (row.try_get(1)?, row.try_get(3)?)
        else {
            continue;
        };
        if let (Some(key), Some(needed)) = (reading.key(&catalog, oid), reading.key(&other, other_oid)) {
            add(reading, key, needed, row.try_get(4)?);
        }
    }
    let parents: Vec<(Key, Key)> = reading
        .snapshot
        .objects
        .iter()
        .filter_map(|(key, object)| Some((key.clone(), object.parent.clone()?)))
        .collect();
    for (key, parent) in parents {
        add(reading, key, parent, String::new());
    }
    let in_schemas: Vec<Key> = reading.snapshot.objects.keys().cloned().collect();
    for key in in_schemas.into_iter().filter(|key| key.kind != Kind::Schema) {
        let schema = Key {
            kind: Kind::Schema,
            schema: key.schema.clone(),
            identity: String::new(),
        };
        if reading.snapshot.objects.contains_key(&schema) {
            add(reading, key, schema, String::new());
        }
    }
    Ok(())
}

fn add(reading: &mut Reading, key: Key, needed: Key, column: String) {
    if key != needed {
        let needs = reading.snapshot.needs.entry(key).or_default();
        needs.insert(Need { key: needed, column });
    }
}
