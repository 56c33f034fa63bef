-- The storage schema as projects of the summer of 2025 had it: folders as rows of their own, analytics buckets known by name.
create type storage.buckettype as enum ('STANDARD', 'ANALYTICS');
create table storage.buckets (
    id text primary key,
    name text not null,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    public boolean default false,
    avif_autodetection boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    owner_id text,
    type storage.buckettype not null default 'STANDARD'
);
create unique index bname on storage.buckets (name);
create table storage.objects (
    id uuid not null default gen_random_uuid() primary key,
    bucket_id text constraint "objects_bucketId_fkey" references storage.buckets (id),
    name text,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    last_accessed_at timestamptz default now(),
    metadata jsonb,
    path_tokens text[] generated always as (string_to_array(name, '/')) stored,
    version text,
    owner_id text,
    user_metadata jsonb,
    level integer
);
create unique index bucketid_objname on storage.objects (bucket_id, name);
create index name_prefix_search on storage.objects (name text_pattern_ops);
create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create unique index idx_name_bucket_level_unique on storage.objects (name collate "C", bucket_id, level);
create unique index objects_bucket_id_level_idx on storage.objects (bucket_id, level, name collate "C");
create index idx_objects_lower_name on storage.objects ((path_tokens[level]), lower(name) text_pattern_ops, bucket_id, level);
create table storage.prefixes (
    bucket_id text not null constraint "prefixes_bucketId_fkey" references storage.buckets (id),
    name text collate "C" not null,
    level integer not null,
    primary key (bucket_id, level, name)
);
create function storage.objects_insert_prefix_trigger() returns trigger language plpgsql as $$
begin
    raise exception 'the trigger of folders still runs';
end
$$;
create function storage.delete_prefix_hierarchy_trigger() returns trigger language plpgsql as $$
begin
    raise exception 'the trigger of folders still runs';
end
$$;
create table storage.migrations (
    id integer primary key,
    name varchar(100) not null unique,
    hash varchar(40) not null,
    executed_at timestamp default current_timestamp
);
insert into storage.migrations (id, name, hash) values
    (0, 'create-migrations-table', 'e18db593bcde2aca2a408c4d1100f6abba2195df'),
    (2, 'storage-schema', '5c7968fd083fcea04050c1b7f6253c9771b99011'),
    (26, 'objects-prefixes', 'ef3f7871121cdc47a65308e6702519e853422ae2');
create table storage.s3_multipart_uploads (
    id text primary key,
    in_progress_size bigint not null default 0,
    upload_signature text not null,
    bucket_id text not null constraint s3_multipart_uploads_bucket_id_fkey references storage.buckets (id),
    key text collate "C" not null,
    version text not null,
    owner_id text,
    created_at timestamptz not null default now()
);
create table storage.s3_multipart_uploads_parts (
    id uuid primary key default gen_random_uuid(),
    upload_id text not null constraint s3_multipart_uploads_parts_upload_id_fkey
        references storage.s3_multipart_uploads (id) on delete cascade,
    size bigint not null default 0,
    part_number integer not null,
    bucket_id text not null constraint s3_multipart_uploads_parts_bucket_id_fkey references storage.buckets (id),
    key text collate "C" not null,
    etag text not null,
    owner_id text,
    version text not null,
    created_at timestamptz not null default now()
);
create table storage.buckets_analytics (
    id text not null constraint buckets_analytics_pkey primary key,
    type storage.buckettype not null default 'ANALYTICS',
    format text not null default 'ICEBERG',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create table storage.iceberg_namespaces (
    id uuid primary key default gen_random_uuid(),
    bucket_id text not null constraint iceberg_namespaces_bucket_id_fkey
        references storage.buckets_analytics (id) on delete cascade,
    name text collate "C" not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index idx_iceberg_namespaces_bucket_id on storage.iceberg_namespaces (bucket_id, name);
create table storage.iceberg_tables (
    id uuid primary key default gen_random_uuid(),
    namespace_id uuid not null constraint iceberg_tables_namespace_id_fkey
        references storage.iceberg_namespaces (id) on delete cascade,
    bucket_id text not null constraint iceberg_tables_bucket_id_fkey
        references storage.buckets_analytics (id) on delete cascade,
    name text collate "C" not null,
    location text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index idx_iceberg_tables_namespace_id on storage.iceberg_tables (namespace_id, name);
create function storage.search_v2(prefix text, bucket_name text, limits integer default 100, levels integer default 1, start_after text default '')
returns table (key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, metadata jsonb)
language sql as $$ select 'older', 'older', null::uuid, null::timestamptz, null::timestamptz, null::jsonb $$;
create function storage.list_objects_with_delimiter(bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100, start_after text default '', next_token text default '')
returns table (name text, id uuid, metadata jsonb, updated_at timestamptz)
language sql as $$ select 'older', null::uuid, null::jsonb, null::timestamptz $$;

insert into storage.buckets (id, name) values ('before', 'before');
insert into storage.objects (bucket_id, name, level) values ('before', 'ann/file.txt', 2);
insert into storage.prefixes (bucket_id, name, level) values ('before', 'ann', 1);
insert into storage.buckets_analytics (id) values ('lake of before');
insert into storage.iceberg_namespaces (id, bucket_id, name) values ('77777777-7777-4777-8777-777777777777', 'lake of before', 'ns');
insert into storage.iceberg_tables (namespace_id, bucket_id, name, location)
values ('77777777-7777-4777-8777-777777777777', 'lake of before', 't', 's3://before/t');
create trigger objects_insert_create_prefix before insert on storage.objects
    for each row execute function storage.objects_insert_prefix_trigger();
create trigger objects_delete_delete_prefix after delete on storage.objects
    for each row execute function storage.delete_prefix_hierarchy_trigger();
