-- Analytics and vector buckets (storage.md, section 17): the tables are here so that dumps load; nothing uses them yet.

create table if not exists storage.buckets_analytics (
    name text not null,
    type storage.buckettype not null default 'ANALYTICS',
    format text not null default 'ICEBERG',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    id uuid not null default gen_random_uuid() constraint buckets_analytics_pkey primary key,
    deleted_at timestamptz
);

create table if not exists storage.iceberg_namespaces (
    id uuid not null default gen_random_uuid() constraint iceberg_namespaces_pkey primary key,
    bucket_name text not null,
    name text collate "C" not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    metadata jsonb not null default '{}',
    catalog_id uuid not null constraint iceberg_namespaces_catalog_id_fkey
        references storage.buckets_analytics (id) on delete cascade
);

create table if not exists storage.iceberg_tables (
    id uuid not null default gen_random_uuid() constraint iceberg_tables_pkey primary key,
    namespace_id uuid not null constraint iceberg_tables_namespace_id_fkey
        references storage.iceberg_namespaces (id) on delete cascade,
    bucket_name text not null,
    name text collate "C" not null,
    location text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    remote_table_id text,
    shard_key text,
    shard_id text,
    catalog_id uuid not null constraint iceberg_tables_catalog_id_fkey
        references storage.buckets_analytics (id) on delete cascade
);

-- An older Supabase knew analytics buckets by their names only, and everything below them by that name.
do $$
declare
    part text;
begin
    if not exists (
        select from pg_attribute
        where attrelid = 'storage.buckets_analytics'::regclass and attname = 'name' and not attisdropped
    ) then
        alter table storage.iceberg_namespaces drop constraint if exists iceberg_namespaces_bucket_id_fkey;
        alter table storage.iceberg_tables drop constraint if exists iceberg_tables_bucket_id_fkey;
        alter table storage.buckets_analytics drop constraint buckets_analytics_pkey;
        alter table storage.buckets_analytics rename column id to name;
        alter table storage.buckets_analytics
            add column id uuid not null default gen_random_uuid() constraint buckets_analytics_pkey primary key,
            add column deleted_at timestamptz;
    end if;
    foreach part in array array['iceberg_namespaces', 'iceberg_tables'] loop
        if exists (
            select from pg_attribute
            where attrelid = ('storage.' || part)::regclass and attname = 'bucket_id' and not attisdropped
        ) then
            execute format('alter table storage.%I rename column bucket_id to bucket_name', part);
            execute format(
                'alter table storage.%1$I add column catalog_id uuid constraint %2$I '
                    'references storage.buckets_analytics (id) on delete cascade',
                part, part || '_catalog_id_fkey');
            execute format(
                'update storage.%I p set catalog_id = a.id from storage.buckets_analytics a where a.name = p.bucket_name', part);
            execute format('alter table storage.%I alter column catalog_id set not null', part);
        end if;
    end loop;
    if pg_get_indexdef(to_regclass('storage.idx_iceberg_namespaces_bucket_id')) not like '%catalog_id%' then
        drop index storage.idx_iceberg_namespaces_bucket_id;
    end if;
    if pg_get_indexdef(to_regclass('storage.idx_iceberg_tables_namespace_id')) not like '%catalog_id%' then
        drop index storage.idx_iceberg_tables_namespace_id;
    end if;
end
$$;
alter table storage.iceberg_namespaces add column if not exists metadata jsonb not null default '{}';
alter table storage.iceberg_tables
    add column if not exists remote_table_id text,
    add column if not exists shard_key text,
    add column if not exists shard_id text;

create unique index if not exists buckets_analytics_unique_name_idx on storage.buckets_analytics (name) where deleted_at is null;
create unique index if not exists idx_iceberg_namespaces_bucket_id on storage.iceberg_namespaces (catalog_id, name);
create unique index if not exists idx_iceberg_tables_namespace_id on storage.iceberg_tables (catalog_id, namespace_id, name);
create unique index if not exists idx_iceberg_tables_location on storage.iceberg_tables (location);

create table if not exists storage.buckets_vectors (
    id text not null constraint buckets_vectors_pkey primary key,
    type storage.buckettype not null default 'VECTOR',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table if not exists storage.vector_indexes (
    id text not null default gen_random_uuid() constraint vector_indexes_pkey primary key,
    name text collate "C" not null,
    bucket_id text not null constraint vector_indexes_bucket_id_fkey references storage.buckets_vectors (id),
    data_type text not null,
    dimension integer not null,
    distance_metric text not null,
    metadata_configuration jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index if not exists vector_indexes_name_bucket_id_idx on storage.vector_indexes (name, bucket_id);
