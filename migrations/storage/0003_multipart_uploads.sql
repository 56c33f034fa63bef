-- Multipart uploads of the S3 protocol (storage.md, section 15).

create table if not exists storage.s3_multipart_uploads (
    id text not null constraint s3_multipart_uploads_pkey primary key,
    in_progress_size bigint not null default 0,
    upload_signature text not null,
    bucket_id text not null constraint s3_multipart_uploads_bucket_id_fkey references storage.buckets (id),
    key text collate "C" not null,
    version text not null,
    owner_id text,
    created_at timestamptz not null default now(),
    user_metadata jsonb,
    metadata jsonb
);
alter table storage.s3_multipart_uploads
    add column if not exists user_metadata jsonb,
    add column if not exists metadata jsonb;
create index if not exists idx_multipart_uploads_list on storage.s3_multipart_uploads (bucket_id, key, created_at);

create table if not exists storage.s3_multipart_uploads_parts (
    id uuid not null default gen_random_uuid() constraint s3_multipart_uploads_parts_pkey primary key,
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
-- The original has none: a part is found, and goes with its upload, by reading all parts of all uploads.
create index if not exists ferrobase_s3_multipart_uploads_parts_upload_idx
    on storage.s3_multipart_uploads_parts (upload_id, part_number);
