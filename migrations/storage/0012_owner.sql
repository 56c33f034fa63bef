-- The service's role owns its tables. Row level security is what protects rows of buckets and objects, and applications write
-- the policies (storage.md, sections 8 and 15).

create or replace function pg_temp.ferrobase_try(statement text) returns void
language plpgsql as $$
begin
    execute statement;
exception when insufficient_privilege or invalid_grant_operation then
    raise warning 'not done for lack of a privilege: %', statement;
end
$$;
select pg_temp.ferrobase_try('grant usage, create on schema _ferrobase to supabase_storage_admin');

do $$
declare
    relation record;
    routine record;
begin
    for relation in
        select n.nspname as schema, c.relname as name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and c.relowner <> 'supabase_storage_admin'::regrole
            and (
                (n.nspname = '_ferrobase' and c.relname like 'storage\_%')
                or (n.nspname = 'storage' and c.relname in (
                    'buckets', 'objects', 's3_multipart_uploads', 's3_multipart_uploads_parts', 'migrations', 'buckets_analytics',
                    'iceberg_namespaces', 'iceberg_tables', 'buckets_vectors', 'vector_indexes'))
            )
    loop
        begin
            execute format('alter table %I.%I owner to supabase_storage_admin', relation.schema, relation.name);
        exception when insufficient_privilege then
            raise exception using
                errcode = '42501',
                message = format('table %I.%I does not belong to supabase_storage_admin', relation.schema, relation.name),
                hint = format('run as a superuser: alter table %I.%I owner to supabase_storage_admin', relation.schema, relation.name);
        end;
    end loop;
    -- Not ferrobase_fold: that it is leakproof is the word of the login that made it.
    for routine in
        select p.oid::regprocedure as name from pg_proc p
        where p.pronamespace = 'storage'::regnamespace and p.proowner = current_user::regrole
            and p.proname in (
                'enforce_bucket_name_length', 'update_updated_at_column', 'protect_delete', 'foldername', 'filename', 'extension',
                'operation', 'allow_any_operation', 'allow_only_operation', 'get_size_by_bucket', 'can_insert_object',
                'get_common_prefix', 'search', 'list_objects_with_delimiter', 'search_by_timestamp', 'search_v2',
                'list_multipart_uploads_with_delimiter', 'ferrobase_page_end')
    loop
        execute format('alter function %s owner to supabase_storage_admin', routine.name);
    end loop;
end
$$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'buckets', 'objects', 's3_multipart_uploads', 's3_multipart_uploads_parts', 'migrations', 'buckets_analytics',
        'iceberg_namespaces', 'iceberg_tables', 'buckets_vectors', 'vector_indexes'
    ] loop
        if not (select relrowsecurity from pg_class where oid = ('storage.' || name)::regclass) then
            execute format('alter table storage.%I enable row level security', name);
        end if;
    end loop;
end
$$;

grant all on storage.buckets, storage.objects to postgres with grant option;
grant all on storage.buckets, storage.objects, storage.buckets_analytics to anon, authenticated, service_role;
grant all on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.iceberg_namespaces, storage.iceberg_tables
    to service_role;
grant select on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.iceberg_namespaces,
    storage.iceberg_tables, storage.buckets_vectors, storage.vector_indexes
    to anon, authenticated, service_role;

-- What the service's role makes later is open to the API's roles.
select pg_temp.ferrobase_try(format(
        'alter default privileges for role supabase_storage_admin in schema storage grant all on %s to '
            'postgres, anon, authenticated, service_role', kind))
from unnest(array['tables', 'sequences', 'functions']) as kind;
