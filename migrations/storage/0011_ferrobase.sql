-- What the service keeps beside the original's tables, in our own schema so that a dump of storage fits the original.

-- Blobs that are to be removed. A row is written in the transaction that makes its blob superfluous, and goes when the blob is
-- gone: a crash in between leaves a row to be worked off, never a row of storage.objects without its blob.
create table if not exists _ferrobase.storage_pending_deletions (
    version text primary key,
    bucket_id text,
    name text,
    not_before timestamptz not null default now(),
    attempts integer not null default 0,
    last_error text,
    created_at timestamptz not null default now()
);
create index if not exists storage_pending_deletions_not_before_idx on _ferrobase.storage_pending_deletions (not_before);

-- Resumable uploads under way (TUS). `upload_offset` counts the bytes that are safe on disk: what came after the last time that
-- it was written is cut off when the upload goes on. Writers of one upload keep apart by an advisory lock on its id. No
-- reference to the bucket: it may go while an upload runs, which then ends with an error, and its bytes are removed when it
-- expires.
create table if not exists _ferrobase.storage_uploads (
    id uuid primary key default gen_random_uuid(),
    bucket_id text not null,
    name text not null,
    version text not null unique,
    -- Null until the client says it (Upload-Defer-Length).
    upload_length bigint check (upload_length >= 0),
    upload_offset bigint not null default 0 check (upload_offset >= 0),
    -- The header Upload-Metadata as it came, for the answer to HEAD.
    upload_metadata text,
    content_type text,
    cache_control text,
    user_metadata jsonb,
    owner uuid,
    owner_id text,
    role text not null,
    upsert boolean not null default false,
    -- Made with a signed URL: goes on without the token of a user.
    signed boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    expires_at timestamptz not null,
    -- Set with the row of storage.objects; the upload is then only remembered for clients that missed the answer.
    completed_at timestamptz,
    constraint storage_uploads_offset_within_length check (upload_offset <= upload_length)
);
create index if not exists storage_uploads_expires_at_idx on _ferrobase.storage_uploads (expires_at);
