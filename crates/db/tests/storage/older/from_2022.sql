-- The storage schema as projects of 2022 had it, with a user's file in it.
create table storage.buckets (
    id text primary key,
    name text not null,
    owner uuid constraint buckets_owner_fkey references auth.users (id),
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    public boolean default false
);
create unique index bname on storage.buckets (name);
create table storage.objects (
    id uuid not null default extensions.uuid_generate_v4() primary key,
    bucket_id text constraint "objects_bucketId_fkey" references storage.buckets (id),
    name text,
    owner uuid constraint objects_owner_fkey references auth.users (id),
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    last_accessed_at timestamptz default now(),
    metadata jsonb,
    path_tokens text[] generated always as (string_to_array(name, '/')) stored
);
create unique index bucketid_objname on storage.objects (bucket_id, name);
create index name_prefix_search on storage.objects (name text_pattern_ops);
create table storage.migrations (
    id integer primary key,
    name varchar(100) not null unique,
    hash varchar(40) not null,
    executed_at timestamp default current_timestamp
);
insert into storage.migrations (id, name, hash) values
    (0, 'create-migrations-table', 'e18db593bcde2aca2a408c4d1100f6abba2195df'),
    (1, 'initialmigration', '6ab16121fbaa08bbd11b712d05f358f9b555d777'),
    (2, 'pathtoken-column', '49756be03be4c17bb85fe70d4a861f27de7e49ad'),
    (3, 'add-migrations-rls', 'bb5d124c53d68635a883e399426c6a5a25fc893d'),
    (4, 'add-size-functions', '6d79007d04f5acd288c9c250c42d2d5fd286c54d');
alter table storage.objects enable row level security;
create function storage.foldername(name text) returns text[] language plpgsql as $$ begin return '{older}'; end $$;
create function storage.get_size_by_bucket() returns table (size bigint, bucket text) language sql as $$ select 0::bigint, '' $$;
create function storage.search(prefix text, bucketname text, limits integer default 100, levels integer default 1, offsets integer default 0)
returns table (name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb)
language sql as $$ select 'older', null::uuid, null::timestamptz, null::timestamptz, null::timestamptz, null::jsonb $$;
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to postgres;

insert into auth.users (id) values ('99999999-0000-4000-8000-000000000001') on conflict do nothing;
insert into storage.buckets (id, name, owner) values ('before', 'before', '99999999-0000-4000-8000-000000000001');
insert into storage.objects (bucket_id, name, owner) values ('before', 'ann/file.txt', '99999999-0000-4000-8000-000000000001');
create policy "own" on storage.objects for select to authenticated using ((storage.foldername(name))[1] = 'ann');
