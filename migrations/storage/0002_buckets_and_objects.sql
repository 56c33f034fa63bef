-- Buckets and objects (storage.md, section 15).

create table if not exists storage.buckets (
    id text not null constraint buckets_pkey primary key,
    name text not null,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    public boolean default false,
    avif_autodetection boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    owner_id text,
    type storage.buckettype not null default 'STANDARD',
    versioning_status text not null default 'DISABLED'
);

create table if not exists storage.objects (
    id uuid not null default gen_random_uuid() constraint objects_pkey primary key,
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
    archived_at timestamptz,
    is_delete_marker boolean not null default false,
    is_versioned boolean not null default false
);

-- A database that an older Supabase made lacks the newer columns, ties owners to auth.users and makes ids with an extension.
alter table storage.buckets
    add column if not exists public boolean default false,
    add column if not exists avif_autodetection boolean default false,
    add column if not exists file_size_limit bigint,
    add column if not exists allowed_mime_types text[],
    add column if not exists owner_id text,
    add column if not exists type storage.buckettype not null default 'STANDARD',
    add column if not exists versioning_status text not null default 'DISABLED',
    drop constraint if exists buckets_owner_fkey;
alter table storage.objects
    add column if not exists path_tokens text[] generated always as (string_to_array(name, '/')) stored,
    add column if not exists version text,
    add column if not exists owner_id text,
    add column if not exists user_metadata jsonb,
    add column if not exists archived_at timestamptz,
    add column if not exists is_delete_marker boolean not null default false,
    add column if not exists is_versioned boolean not null default false,
    alter column id set default gen_random_uuid(),
    drop constraint if exists objects_owner_fkey;

-- Versions of objects are prepared in the original's tables and cannot be turned on yet: the last check holds them off. A newer
-- Supabase has lifted it, together with its indexes; nothing is put back there.
do $$
begin
    if not exists (
        select from pg_constraint where conrelid = 'storage.buckets'::regclass and conname = 'buckets_versioning_status_check'
    ) then
        alter table storage.buckets
            add constraint buckets_versioning_status_check check (versioning_status in ('DISABLED', 'ENABLED', 'SUSPENDED')),
            add constraint buckets_versioning_standard_only_check check (type = 'STANDARD' or versioning_status = 'DISABLED'),
            add constraint buckets_versioning_dark_check check (versioning_status = 'DISABLED');
    end if;
end
$$;

create unique index if not exists bname on storage.buckets (name);
-- Where a newer Supabase has kept older versions of objects, a key has several rows, which this version cannot tell apart.
do $$
begin
    if exists (select from storage.objects where archived_at is not null or is_delete_marker) then
        raise exception using
            errcode = 'feature_not_supported',
            message = 'storage.objects has older versions of objects, which this version of ferrobase cannot serve',
            hint = 'Remove the rows that have archived_at or is_delete_marker set, or use a copy of the database without them.';
    end if;
end
$$;

create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);
create index if not exists idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create index if not exists idx_objects_bucket_id_name_lower on storage.objects (bucket_id, lower(name) collate "C");
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);
