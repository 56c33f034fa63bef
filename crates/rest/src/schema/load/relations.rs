//! Relations.

use std::collections::BTreeMap;

use ferrobase_db::{DbError, Executor};
use indexmap::IndexMap;

use super::names::Names;
use crate::schema::model::{Oid, Relation};

/// Views take what `pg_relation_is_updatable` says: a bit for each command, triggers and rules included.
const RELATIONS: &str = "
    select c.oid, n.nspname, c.relname, d.description, c.relkind in ('v', 'm'),
        case
            when c.relkind in ('r', 'p') then -1
            when c.relkind in ('v', 'f') then pg_relation_is_updatable(c.oid, true)
            else 0
        end,
        k.conkey
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
    left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
    where n.nspname = any($1)
        and n.nspname not in ('pg_catalog', 'information_schema')
        and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and not c.relispartition";

/// Bits of PostgreSQL's commands.
const UPDATE: i32 = 1 << 2;
const INSERT: i32 = 1 << 3;
const DELETE: i32 = 1 << 4;

/// A relation and what it is known by in the catalogs.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) relation: Relation,
    /// Numbers of its columns, in the order of `relation.columns`.
    pub(super) numbers: Vec<i16>,
    /// Columns of its primary key.
    pub(super) key: Vec<i16>,
}

/// Relations by their object id.
pub(super) type Relations = BTreeMap<Oid, Found>;

/// The relations of `schemas`, still without columns.
pub(super) async fn load(
    executor: &impl Executor,
    schemas: &[&str],
    names: &mut Names,
) -> Result<Relations, DbError> {
    let mut relations = Relations::new();
    for row in executor.query(RELATIONS, &[&schemas]).await? {
        let commands: i32 = row.try_get(5)?;
        let relation = Relation {
            name: names.qualified(row.try_get(1)?, row.try_get(2)?),
            description: row.try_get(3)?,
            is_view: row.try_get(4)?,
            insertable: commands & INSERT != 0,
            updatable: commands & UPDATE != 0,
            deletable: commands & DELETE != 0,
            primary_key: Vec::new(),
            columns: IndexMap::new(),
        };
        let found = Found {
            relation,
            numbers: Vec::new(),
            key: row.try_get::<_, Option<_>>(6)?.unwrap_or_default(),
        };
        relations.insert(row.try_get(0)?, found);
    }
    Ok(relations)
}
