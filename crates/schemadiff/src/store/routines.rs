//! Functions and procedures. Aggregates are not compared.

use ferrobase_db::{Connection, DbError, Executor};

use super::{Reading, Scope};
use crate::model::{Detail, Kind};

const ROUTINES: &str = "
    select 'pg_proc', p.oid, n.nspname::text, format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), null::oid,
        rtrim(pg_get_functiondef(p.oid)),
        format('drop %s %s', kind.word, p.oid::regprocedure),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> p.proowner), '[]'),
        format('%s %s', kind.word, p.oid::regprocedure),
        concat_ws(' ', p.prokind, array_to_string(p.proargnames, ','), p.proargmodes, array_to_string(p.proallargtypes::regtype[], ','),
            pg_get_function_result(p.oid)),
        p.pronargdefaults
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    cross join lateral (select case p.prokind when 'p' then 'procedure' else 'function' end as word) kind
    where p.prokind <> 'a' and n.nspname = any($1)
        and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i'))";

pub(super) async fn read(
    reading: &mut Reading,
    connection: &Connection,
    scope: &Scope,
) -> Result<(), DbError> {
    for row in connection.query(ROUTINES, &[&scope.schemas]).await? {
        let (key, mut object) = reading.object(&row, Kind::Function)?;
        object.detail = Detail::Function {
            fixed: row.try_get(9)?,
            defaults: row.try_get(10)?,
        };
        reading.add((row.try_get(0)?, row.try_get(1)?), key, object);
    }
    Ok(())
}
