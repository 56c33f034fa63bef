//! What holds other objects, or stands alone: schemas, extensions, sequences, views.

use super::Query;
use crate::model::Kind;

/// In the order in which they are read.
pub(super) const QUERIES: &[Query] = &[
    Query {
        kind: Kind::Schema,
        sql: SCHEMAS,
    },
    Query {
        kind: Kind::Extension,
        sql: EXTENSIONS,
    },
    Query {
        kind: Kind::Sequence,
        sql: SEQUENCES,
    },
    Query {
        kind: Kind::View,
        sql: VIEWS,
    },
];

const SCHEMAS: &str = "
    select 'pg_namespace', n.oid, n.nspname::text, '', null::oid,
        format('create schema %I', n.nspname), format('drop schema %I', n.nspname),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(n.nspacl) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> n.nspowner), '[]'),
        format('schema %I', n.nspname)
    from pg_namespace n
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null
        and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')";

/// Which version is installed is not the schema's.
const EXTENSIONS: &str = "
    select 'pg_extension', e.oid, '', e.extname::text, null::oid,
        format('create extension if not exists %I with schema %I', e.extname, n.nspname),
        format('drop extension if exists %I', e.extname), null::text, null::text
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where $1::text[] is not null and $2::text[] is not null and $3::bool";

/// Those of identity columns are part of the column.
const SEQUENCES: &str = "
    select 'pg_class', c.oid, n.nspname::text, c.relname::text, null::oid,
        format('create sequence %s as %s increment by %s minvalue %s maxvalue %s start with %s cache %s %s',
            c.oid::regclass, format_type(s.seqtypid, null), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
            case when s.seqcycle then 'cycle' else 'no cycle' end),
        format('drop sequence if exists %s', c.oid::regclass),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(c.relacl) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> c.relowner), '[]'),
        format('sequence %s', c.oid::regclass)
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null
        and not exists (
            select from pg_depend d
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('e', 'i'))";

const VIEWS: &str = "
    select 'pg_class', c.oid, n.nspname::text, c.relname::text, null::oid,
        format('create %s %s%s as%s', kind.words, c.oid::regclass,
            (select ' with (' || string_agg(o, ', ') || ')' from unnest(c.reloptions) o),
            E'\\n' || rtrim(pg_get_viewdef(c.oid), ';')),
        format('drop %s %s', kind.words, c.oid::regclass),
        coalesce((
            select json_agg(json_build_array(
                case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
            from aclexplode(c.relacl) x left join pg_roles r on r.oid = x.grantee
            where x.grantee <> c.relowner), '[]'),
        format('table %s', c.oid::regclass)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (select case c.relkind when 'v' then 'view' else 'materialized view' end as words) kind
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null and c.relkind in ('v', 'm')
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')";
