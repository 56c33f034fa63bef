//! What goes with a relation, and what stands beside it: defaults, constraints, indexes, triggers, policies, published tables, privileges
//! of columns, comments.

use super::Query;
use crate::model::Kind;

/// In the order in which they are read.
pub(super) const QUERIES: &[Query] = &[
    Query {
        kind: Kind::SequenceOwner,
        sql: SEQUENCE_OWNERS,
    },
    Query {
        kind: Kind::Default,
        sql: DEFAULTS,
    },
    Query {
        kind: Kind::Constraint,
        sql: CONSTRAINTS,
    },
    Query {
        kind: Kind::ForeignKey,
        sql: FOREIGN_KEYS,
    },
    Query {
        kind: Kind::Index,
        sql: INDEXES,
    },
    Query {
        kind: Kind::Trigger,
        sql: TRIGGERS,
    },
    Query {
        kind: Kind::Policy,
        sql: POLICIES,
    },
    Query {
        kind: Kind::Publication,
        sql: PUBLICATIONS,
    },
    Query {
        kind: Kind::PublishedTable,
        sql: PUBLISHED_TABLES,
    },
    Query {
        kind: Kind::ColumnGrant,
        sql: COLUMN_GRANTS,
    },
    Query {
        kind: Kind::Comment,
        sql: COMMENTS,
    },
];

/// A sequence that goes with a column, as those of `serial` do.
const SEQUENCE_OWNERS: &str = "
    select 'sequence owner', d.objid, n.nspname::text, d.objid::regclass::text, d.refobjid,
        format('alter sequence %s owned by %s.%I', d.objid::regclass, d.refobjid::regclass, a.attname),
        format('alter sequence if exists %s owned by none', d.objid::regclass), null::text, null::text
    from pg_depend d
    join pg_class c on c.oid = d.objid and c.relkind = 'S'
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype = 'a'
        and n.nspname = any($1) and $2::text[] is not null and $3::bool is not null";

const DEFAULTS: &str = "
    select 'pg_attrdef', d.oid, n.nspname::text, format('%s %I', c.oid::regclass, a.attname), c.oid,
        format('alter table %s alter column %I set default %s', c.oid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid)),
        format('alter table %s alter column %I drop default', c.oid::regclass, a.attname), null::text, null::text
    from pg_attrdef d
    join pg_class c on c.oid = d.adrelid and c.relkind in ('r', 'p')
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum and a.attgenerated = ''
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null
        and not (c.relispartition and exists (
            select from pg_inherits i
            join pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname
            join pg_attrdef pd on pd.adrelid = pa.attrelid and pd.adnum = pa.attnum
            where i.inhrelid = c.oid and pg_get_expr(pd.adbin, pd.adrelid) = pg_get_expr(d.adbin, d.adrelid)))";

const CONSTRAINTS: &str = "
    select 'pg_constraint', k.oid, n.nspname::text, format('%s %I', c.oid::regclass, k.conname), c.oid,
        format('alter table %s add constraint %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid)),
        format('alter table %s drop constraint %I', c.oid::regclass, k.conname), null::text, null::text
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype in ('p', 'u', 'c', 'x') and k.conislocal and k.conparentid = 0
        and n.nspname = any($1) and $2::text[] is not null and $3::bool is not null";

const FOREIGN_KEYS: &str = "
    select 'pg_constraint', k.oid, n.nspname::text, format('%s %I', c.oid::regclass, k.conname), c.oid,
        format('alter table %s add constraint %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid)),
        format('alter table %s drop constraint %I', c.oid::regclass, k.conname), null::text, null::text
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.conparentid = 0
        and n.nspname = any($1) and $2::text[] is not null and $3::bool is not null";

/// Those of constraints and those that a partition has from its table are no indexes of their own.
const INDEXES: &str = "
    select 'pg_class', i.indexrelid, n.nspname::text, c.relname::text, i.indrelid,
        regexp_replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '),
        format('drop index if exists %s', c.oid::regclass), null::text, null::text
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid and t.relkind in ('r', 'p', 'm')
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null and not c.relispartition
        and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.deptype = 'e')";

const TRIGGERS: &str = "
    select 'pg_trigger', t.oid, n.nspname::text, format('%s %I', c.oid::regclass, t.tgname), c.oid,
        pg_get_triggerdef(t.oid) || case when t.tgenabled = 'O' then '' else format(E';\\nalter table %s %s trigger %I', c.oid::regclass,
            case t.tgenabled when 'D' then 'disable' when 'A' then 'enable always' else 'enable replica' end, t.tgname) end,
        format('drop trigger %I on %s', t.tgname, c.oid::regclass), null::text, null::text
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and n.nspname = any($1::text[] || $2::text[]) and $3::bool is not null";

const POLICIES: &str = "
    select 'pg_policy', p.oid, n.nspname::text, format('%s %I', c.oid::regclass, p.polname), c.oid,
        format('create policy %I on %s as %s for %s to %s%s%s', p.polname, c.oid::regclass,
            case when p.polpermissive then 'permissive' else 'restrictive' end,
            case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
            (select string_agg(case when role = 0 then 'public' else quote_ident(r.rolname) end, ', ' order by r.rolname)
                from unnest(p.polroles) role left join pg_roles r on r.oid = role),
            ' using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
            ' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
        format('drop policy %I on %s', p.polname, c.oid::regclass), null::text, null::text
    from pg_policy p
    join pg_class c on c.oid = p.polrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1::text[] || $2::text[]) and $3::bool is not null";

const PUBLICATIONS: &str = "
    select 'pg_publication', p.oid, '', p.pubname::text, null::oid,
        format('create publication %I%s with (publish = %L, publish_via_partition_root = %s)', p.pubname,
            case when p.puballtables then ' for all tables' else '' end,
            concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
                case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end), p.pubviaroot::text),
        format('drop publication %I', p.pubname), null::text, null::text
    from pg_publication p
    where $1::text[] is not null and $2::text[] is not null and $3::bool";

const PUBLISHED_TABLES: &str = "
    select 'pg_publication_rel', p.oid, n.nspname::text, format('%I %s', b.pubname, c.oid::regclass), c.oid,
        format('alter publication %I add table %s%s%s', b.pubname, c.oid::regclass,
            (select ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')'
                from pg_attribute a where a.attrelid = c.oid and a.attnum = any(p.prattrs::int2[])),
            ' where (' || pg_get_expr(p.prqual, p.prrelid) || ')'),
        format('alter publication %I drop table %s', b.pubname, c.oid::regclass), null::text, null::text
    from pg_publication_rel p
    join pg_publication b on b.oid = p.prpubid
    join pg_class c on c.oid = p.prrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null";

const COLUMN_GRANTS: &str = "
    select 'column grant', 0::oid, n.nspname::text,
        format('%s %I %s %s', c.oid::regclass, a.attname, g.grantee, x.privilege_type || case when x.is_grantable then ' *' else '' end),
        c.oid,
        format('grant %s (%I) on table %s to %s%s', lower(x.privilege_type), a.attname, c.oid::regclass, g.grantee,
            case when x.is_grantable then ' with grant option' else '' end),
        format('revoke %s (%I) on table %s from %s', lower(x.privilege_type), a.attname, c.oid::regclass, g.grantee),
        null::text, null::text
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm')
    join pg_namespace n on n.oid = c.relnamespace
    cross join lateral aclexplode(a.attacl) x
    left join pg_roles r on r.oid = x.grantee
    cross join lateral (select case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end as grantee) g
    where n.nspname = any($1) and $2::text[] is not null and $3::bool is not null and not a.attisdropped and x.grantee <> c.relowner";

const COMMENTS: &str = "
    select 'comment', 0::oid, o.schema, o.target, o.parent,
        format('comment on %s is %L', o.target, o.description), format('comment on %s is null', o.target), null::text, null::text
    from (
        select n.nspname::text as schema, c.oid as parent, d.description,
            case when d.objsubid > 0 then format('column %s.%I', c.oid::regclass, a.attname)
                else (case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
                    when 'i' then 'index ' when 'I' then 'index ' when 'c' then 'type ' else 'table ' end) || c.oid::regclass end as target
        from pg_description d
        join pg_class c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid and c.relkind in ('r', 'p', 'v', 'm', 'S', 'i', 'I', 'c')
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
        union all
        select n.nspname::text, null, d.description,
            case p.prokind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end || p.oid::regprocedure
        from pg_description d
        join pg_proc p on d.classoid = 'pg_proc'::regclass and p.oid = d.objoid and p.prokind <> 'a'
        join pg_namespace n on n.oid = p.pronamespace
        where not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
        union all
        select n.nspname::text, null, d.description,
            case t.typtype when 'd' then 'domain ' else 'type ' end || format_type(t.oid, null)
        from pg_description d
        join pg_type t on d.classoid = 'pg_type'::regclass and t.oid = d.objoid
        join pg_namespace n on n.oid = t.typnamespace
        where not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
    ) o
    where o.schema = any($1) and $2::text[] is not null and $3::bool is not null";
