//! The names of the schema, as the database knows them.

use ferrobase_db::Executor;

use crate::shop::Shop;

pub(crate) struct Names {
    pub(crate) relations: Vec<Relation>,
    pub(crate) routines: Vec<Routine>,
}

pub(crate) struct Relation {
    pub(crate) schema: String,
    pub(crate) name: String,
    /// Names and types of columns, computed ones too.
    pub(crate) columns: Vec<(String, String)>,
    /// What can be embedded: `target!hint`, and the relation that it is.
    pub(crate) related: Vec<(String, usize)>,
}

pub(crate) struct Routine {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) arguments: Vec<(String, String)>,
    /// The relation whose rows it returns.
    pub(crate) returns: Option<usize>,
}

const RELATIONS: &str = "
    select n.nspname, c.relname,
        array_agg(a.attname::text order by a.attnum), array_agg(format_type(a.atttypid, null) order by a.attnum)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname in ('shop', 'forum') and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
        and a.attnum > 0 and not a.attisdropped
    group by 1, 2 order by 1, 2";

/// Schema, relation, other relation, what tells the relationship apart.
const RELATED: &str = "
    with keys as (
        select n.nspname, c.conname, c.conrelid, o.relname as origin, t.relname as target
        from pg_constraint c join pg_class o on o.oid = c.conrelid join pg_class t on t.oid = c.confrelid
        join pg_namespace n on n.oid = c.connamespace
        where c.contype = 'f' and c.conparentid = 0 and n.nspname in ('shop', 'forum')
    )
    select nspname, origin, target, target || '!' || conname from keys
    union all select nspname, target, origin, origin || '!' || conname from keys
    union all select a.nspname, a.target, b.target, b.target || '!' || a.origin
        from keys a join keys b on a.conrelid = b.conrelid and a.conname <> b.conname
    union all select n.nspname, t.typname, r.typname, p.proname
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        join pg_type t on t.oid = p.proargtypes[0] join pg_type r on r.oid = p.prorettype
        where p.pronargs = 1 and n.nspname in ('shop', 'forum') and t.typrelid > 0 and r.typrelid > 0
    order by 1, 2, 3, 4";

const COMPUTED: &str = "
    select n.nspname, t.typname, p.proname, format_type(p.prorettype, null)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    join pg_type t on t.oid = p.proargtypes[0] join pg_type r on r.oid = p.prorettype
    where p.pronargs = 1 and n.nspname in ('shop', 'forum') and t.typrelid > 0 and r.typrelid = 0 order by 1, 2, 3";

const ROUTINES: &str = "
    select n.nspname, p.proname, coalesce(p.proargnames[1:p.pronargs], '{}'),
        array(select format_type(a, null) from unnest(p.proargtypes) a), r.typname
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_type r on r.oid = p.prorettype
    where n.nspname in ('shop', 'forum') order by 1, 2, p.pronargs";

impl Names {
    pub(crate) async fn read(shop: &Shop) -> Self {
        let connection = shop.sql().await;
        let mut relations: Vec<Relation> = Vec::new();
        for row in connection.query(RELATIONS, &[]).await.unwrap() {
            let (names, types): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
            relations.push(Relation {
                schema: row.get(0),
                name: row.get(1),
                columns: names.into_iter().zip(types).collect(),
                related: Vec::new(),
            });
        }
        let find = |relations: &[Relation], schema: &str, name: &str| {
            relations
                .iter()
                .position(|relation| relation.schema == schema && relation.name == name)
        };
        for row in connection.query(RELATED, &[]).await.unwrap() {
            let origin = find(&relations, row.get(0), row.get(1));
            let target = find(&relations, row.get(0), row.get(2));
            // A partition is no relation of its own.
            if let (Some(origin), Some(target)) = (origin, target) {
                relations[origin].related.push((row.get(3), target));
            }
        }
        for row in connection.query(COMPUTED, &[]).await.unwrap() {
            let origin = find(&relations, row.get(0), row.get(1)).unwrap();
            relations[origin].columns.push((row.get(2), row.get(3)));
        }
        let mut routines = Vec::new();
        for row in connection.query(ROUTINES, &[]).await.unwrap() {
            let (names, types): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
            routines.push(Routine {
                schema: row.get(0),
                name: row.get(1),
                arguments: names.into_iter().zip(types).collect(),
                returns: find(&relations, row.get(0), row.get(4)),
            });
        }
        Self { relations, routines }
    }
}
