-- Brings a database back to where its services left it: everything of the application goes, the rows of the services' tables too.
-- Bytes of objects are noted for the sweep first.
do $$
declare
    managed constant text[] := array[
        'information_schema', '_ferrobase', '_realtime', 'auth', 'cron', 'extensions', 'graphql', 'graphql_public', 'net', 'pgbouncer',
        'pgsodium', 'realtime', 'storage', 'supabase_functions', 'supabase_migrations', 'vault'];
    built_in constant text[] := array['plpgsql', 'uuid-ossp', 'pgcrypto', 'pg_stat_statements'];
    one record;
begin
    for one in
        select evtname from pg_event_trigger t join pg_proc p on p.oid = t.evtfoid
        where p.pronamespace::regnamespace::text <> all (managed)
    loop
        execute format('drop event trigger if exists %I', one.evtname);
    end loop;
    for one in select pubname from pg_publication where pubname not in ('supabase_realtime', 'supabase_realtime_messages_publication') loop
        execute format('drop publication %I', one.pubname);
    end loop;
    for one in select schemaname, tablename from pg_publication_tables where pubname = 'supabase_realtime' loop
        execute format('alter publication supabase_realtime drop table only %I.%I', one.schemaname, one.tablename);
    end loop;
    for one in select extname from pg_extension where extname <> all (built_in) loop
        execute format('drop extension if exists %I cascade', one.extname);
    end loop;
    for one in
        select nspname from pg_namespace where nspname not like 'pg\_%' and nspname <> all (managed) and nspname <> 'public'
    loop
        execute format('drop schema %I cascade', one.nspname);
    end loop;

    -- What is in public goes, the schema with its grants and defaults stays.
    for one in
        select c.relname, case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
            when 'S' then 'sequence' else 'table' end as kind
        from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
            and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
    loop
        execute format('drop %s if exists public.%I cascade', one.kind, one.relname);
    end loop;
    for one in
        select p.oid::regprocedure::text as signature, p.oid, case p.prokind when 'a' then 'aggregate' else 'routine' end as kind
        from pg_proc p where p.pronamespace = 'public'::regnamespace
            and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
    loop
        if exists (select from pg_proc where oid = one.oid) then
            execute format('drop %s if exists %s cascade', one.kind, one.signature);
        end if;
    end loop;
    for one in
        select t.typname from pg_type t left join pg_class c on c.oid = t.typrelid
        where t.typnamespace = 'public'::regnamespace and (t.typtype in ('d', 'e', 'r') or t.typtype = 'c' and c.relkind = 'c')
            and not exists (select from pg_depend d where d.objid = t.oid and d.classid = 'pg_type'::regclass and d.deptype = 'e')
    loop
        execute format('drop type if exists public.%I cascade', one.typname);
    end loop;
    for one in select schemaname, tablename, policyname from pg_policies where schemaname in ('auth', 'realtime', 'storage') loop
        execute format('drop policy %I on %I.%I', one.policyname, one.schemaname, one.tablename);
    end loop;

    for one in
        select rolname from pg_roles
        where rolname not like 'pg\_%' and rolname not like 'supabase\_%' and rolname <> current_user
            and rolname not in ('anon', 'authenticated', 'authenticator', 'dashboard_user', 'pgbouncer', 'postgres', 'service_role')
    loop
        execute format('drop owned by %I cascade', one.rolname);
        execute format('drop role %I', one.rolname);
    end loop;

    insert into _ferrobase.storage_pending_deletions (version, bucket_id)
        select version, bucket_id from storage.objects where version is not null
        union select version, bucket_id from storage.s3_multipart_uploads_parts
        union select version::text, bucket_id from _ferrobase.storage_uploads where completed_at is null
        on conflict do nothing;
    for one in
        select schemaname, tablename from pg_tables
        where schemaname = 'auth' and tablename <> 'schema_migrations'
           or schemaname = 'storage' and tablename <> 'migrations'
           or schemaname = 'realtime' and tablename <> 'schema_migrations'
           or schemaname = '_ferrobase' and tablename not in ('migrations', 'storage_pending_deletions')
           or schemaname = 'supabase_migrations'
    loop
        execute format('truncate %I.%I cascade', one.schemaname, one.tablename);
    end loop;
end
$$;
