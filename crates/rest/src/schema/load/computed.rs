//! Computed relationships: functions of a relation's row that return rows of a relation.

use ferrobase_db::{DbError, Executor};

use super::names::Names;
use crate::schema::model::ComputedRelationship;

const COMPUTED: &str = "
    select f.nspname, p.proname, ons.nspname, o.relname, tns.nspname, t.relname, not p.proretset or p.prorows = 1
    from pg_proc p
    join pg_namespace f on f.oid = p.pronamespace
    join pg_class o on o.reltype = p.proargtypes[0]
    join pg_namespace ons on ons.oid = o.relnamespace
    join pg_class t on t.reltype = p.prorettype
    join pg_namespace tns on tns.oid = t.relnamespace
    where p.pronargs = 1
        and p.prokind = 'f'
        and o.relkind in ('r', 'p', 'v', 'm', 'f')
        and t.relkind in ('r', 'p', 'v', 'm', 'f')";

/// All computed relationships.
pub(super) async fn load(
    executor: &impl Executor,
    names: &mut Names,
) -> Result<Vec<ComputedRelationship>, DbError> {
    let mut computed = Vec::new();
    for row in executor.query(COMPUTED, &[]).await? {
        let origin = names.qualified(row.try_get(2)?, row.try_get(3)?);
        let target = names.qualified(row.try_get(4)?, row.try_get(5)?);
        computed.push(ComputedRelationship {
            function: names.qualified(row.try_get(0)?, row.try_get(1)?),
            to_one: row.try_get(6)?,
            is_self: origin == target,
            origin,
            target,
        });
    }
    Ok(computed)
}
