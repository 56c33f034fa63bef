//! Types: enums, domains, composite types, ranges.

use ferrobase_db::{Connection, DbError, Executor, Row};

use super::{Query, Reading, Scope, pairs};
use crate::model::{Detail, Domain, Kind};

const ENUMS: &str = "
    select 'pg_type', t.oid, n.nspname::text, t.typname::text, null::oid,
        format('type %s', format_type(t.oid, null)), format('drop type %s', format_type(t.oid, null)),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> t.typowner), '[]'),
        format('type %s', format_type(t.oid, null)),
        array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder)
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype = 'e' and n.nspname = any($1)
        and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')";

const DOMAINS: &str = "
    select 'pg_type', t.oid, n.nspname::text, t.typname::text, null::oid,
        format('create domain %s as %s%s', format_type(t.oid, null), format_type(t.typbasetype, t.typtypmod),
            case when t.typcollation <> b.typcollation then ' collate ' || t.typcollation::regcollation::text else '' end),
        format('drop domain %s', format_type(t.oid, null)),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> t.typowner), '[]'),
        format('domain %s', format_type(t.oid, null)),
        t.typnotnull, t.typdefault,
        (select json_agg(json_build_array(k.conname, pg_get_constraintdef(k.oid)))::text
            from pg_constraint k where k.contypid = t.oid and k.contype = 'c')
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    join pg_type b on b.oid = t.typbasetype
    where t.typtype = 'd' and n.nspname = any($1)
        and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')";

/// A composite type is known to the catalog as a relation.
const COMPOSITES: &str = "
    select 'pg_class', c.oid, n.nspname::text, t.typname::text, null::oid,
        format('type %s', format_type(t.oid, null)), format('drop type %s', format_type(t.oid, null)),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> t.typowner), '[]'),
        format('type %s', format_type(t.oid, null)),
        (select json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)
                || case when a.attcollation <> at.typcollation then ' collate ' || a.attcollation::regcollation::text else '' end)
                order by a.attnum)::text
            from pg_attribute a join pg_type at on at.oid = a.atttypid
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    join pg_class c on c.oid = t.typrelid and c.relkind = 'c'
    where n.nspname = any($1)
        and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')";

const RANGES: Query = Query {
    kind: Kind::Type,
    sql: "
    select 'pg_type', t.oid, n.nspname::text, t.typname::text, null::oid,
        format('create type %s as range (subtype = %s%s)', format_type(t.oid, null), format_type(r.rngsubtype, null),
            case when r.rngsubdiff::oid <> 0 then ', subtype_diff = ' || r.rngsubdiff else '' end),
        format('drop type %s', format_type(t.oid, null)), null::text, null::text
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    join pg_range r on r.rngtypid = t.oid
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null
        and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')",
};

pub(super) async fn read(
    reading: &mut Reading,
    connection: &Connection,
    scope: &Scope,
) -> Result<(), DbError> {
    for (sql, detail) in [
        (ENUMS, labels as fn(&Row) -> Result<Detail, DbError>),
        (DOMAINS, domain),
        (COMPOSITES, attributes),
    ] {
        for row in connection.query(sql, &[&scope.schemas]).await? {
            let (key, mut object) = reading.object(&row, Kind::Type)?;
            object.detail = detail(&row)?;
            reading.add((row.try_get(0)?, row.try_get(1)?), key, object);
        }
    }
    reading.read(connection, scope, &RANGES).await
}

fn labels(row: &Row) -> Result<Detail, DbError> {
    Ok(Detail::Enum(row.try_get(9)?))
}

fn domain(row: &Row) -> Result<Detail, DbError> {
    Ok(Detail::Domain(Domain {
        is_required: row.try_get(9)?,
        default: row.try_get(10)?,
        constraints: pairs(row, 11)?.into_iter().collect(),
    }))
}

fn attributes(row: &Row) -> Result<Detail, DbError> {
    Ok(Detail::Composite(pairs(row, 9)?))
}
