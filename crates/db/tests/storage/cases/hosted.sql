-- Rows of a hosted project move in, as its user, who is no superuser, with all columns and without triggers.
set local role postgres;
set local session_replication_role = replica;
insert into storage.buckets (id, name, owner, created_at, updated_at, public, avif_autodetection, file_size_limit, allowed_mime_types, owner_id, type, versioning_status) values
    ('avatars', 'avatars', null, '2025-01-01 10:00:00+00', '2025-01-01 10:00:00+00', true, false, 5242880, '{image/png,image/*}', null, 'STANDARD', 'DISABLED'),
    ('lake', 'lake', null, '2025-01-01 10:00:00+00', '2025-01-01 10:00:00+00', false, false, null, null, null, 'ANALYTICS', 'DISABLED');
insert into storage.buckets (id, name, owner, created_at, updated_at, public) values
    ('old', 'old', '6b0bb6ff-c0a4-4d9e-8a2c-6e1b7f1c2c11', '2022-01-01 10:00:00+00', '2022-01-01 10:00:00+00', false);
insert into storage.objects (id, bucket_id, name, owner, created_at, updated_at, last_accessed_at, metadata, version, owner_id, user_metadata, archived_at, is_delete_marker, is_versioned) values
    ('11111111-1111-4111-8111-111111111111', 'avatars', 'ann/me.png', '6b0bb6ff-c0a4-4d9e-8a2c-6e1b7f1c2c11', '2025-01-02 10:00:00+00', '2025-01-03 10:00:00+00', '2025-01-02 10:00:00+00', '{"eTag": "\"d41d8cd98f00b204e9800998ecf8427e\"", "size": 7, "mimetype": "image/png", "cacheControl": "max-age=3600", "lastModified": "2025-01-02T10:00:00.000Z", "contentLength": 7, "httpStatusCode": 200}', '7ad3a1c6-6f6f-4b6a-9a56-7a4c5c1fcb0f', '6b0bb6ff-c0a4-4d9e-8a2c-6e1b7f1c2c11', '{}', null, false, false);
insert into storage.objects (id, bucket_id, name, owner, created_at, updated_at, last_accessed_at, metadata, version) values
    ('22222222-2222-4222-8222-222222222222', 'old', 'x.txt', null, '2022-01-02 10:00:00+00', '2022-01-02 10:00:00+00', '2022-01-02 10:00:00+00', '{"size": 1}', null);
insert into storage.s3_multipart_uploads (id, in_progress_size, upload_signature, bucket_id, key, version, owner_id, created_at, user_metadata, metadata) values
    ('up', 5, 'sig', 'avatars', 'big.bin', 'v', null, '2025-01-02 10:00:00+00', '{}', '{"mimetype": "text/plain"}');
insert into storage.s3_multipart_uploads_parts (id, upload_id, size, part_number, bucket_id, key, etag, owner_id, version, created_at) values
    ('33333333-3333-4333-8333-333333333333', 'up', 5, 1, 'avatars', 'big.bin', 'etag', null, 'v', '2025-01-02 10:00:00+00');
insert into storage.buckets_analytics (name, type, format, created_at, updated_at, id, deleted_at) values
    ('lake', 'ANALYTICS', 'ICEBERG', '2025-01-01 10:00:00+00', '2025-01-01 10:00:00+00', '44444444-4444-4444-8444-444444444444', null);
insert into storage.iceberg_namespaces (id, bucket_name, name, created_at, updated_at, metadata, catalog_id) values
    ('55555555-5555-4555-8555-555555555555', 'lake', 'ns', '2025-01-01 10:00:00+00', '2025-01-01 10:00:00+00', '{}', '44444444-4444-4444-8444-444444444444');
insert into storage.iceberg_tables (id, namespace_id, bucket_name, name, location, created_at, updated_at, remote_table_id, shard_key, shard_id, catalog_id) values
    ('66666666-6666-4666-8666-666666666666', '55555555-5555-4555-8555-555555555555', 'lake', 't', 's3://lake/t', '2025-01-01 10:00:00+00', '2025-01-01 10:00:00+00', null, null, null, '44444444-4444-4444-8444-444444444444');
insert into storage.buckets_vectors (id, type, created_at, updated_at) values ('vec', 'VECTOR', '2025-01-01 10:00:00+00', '2025-01-01 10:00:00+00');
insert into storage.vector_indexes (id, name, bucket_id, data_type, dimension, distance_metric, metadata_configuration, created_at, updated_at) values
    ('idx', 'i', 'vec', 'float32', 3, 'cosine', null, '2025-01-01 10:00:00+00', '2025-01-01 10:00:00+00');
insert into storage.migrations (id, name, hash, executed_at) values
    (62, 'object-versioning-core', '0b855f00ff3be0bfca91efee02a9858912491a9a', '2026-08-31 08:24:10.039365'),
    (64, 'fix-search-by-timestamp-sqli', '0af424ecd388a39bb1645184b222185a12149675', '2026-08-31 08:24:10.055563')
    on conflict do nothing;
set local session_replication_role = origin;
reset role;

select pg_temp.same('an object keeps its times and parts', (updated_at, path_tokens), ('2025-01-03 10:00:00+00'::timestamptz, '{ann,me.png}'::text[]))
from storage.objects where id = '11111111-1111-4111-8111-111111111111';
select pg_temp.same('it is listed', pg_temp.searched('''ann/''', '''avatars'''), 'me.png');
select pg_temp.same('its size counts', size, 7::bigint) from storage.get_size_by_bucket() where bucket_id = 'avatars';

-- The tables are the original's: names of columns and their order do not matter to a dump, but types and defaults do.
select pg_temp.same('migrations of the original', (count(*)::int, min(id), max(id)), (64, 0, 63)) from storage.migrations where id < 64;
select pg_temp.same('without gaps or doubles', count(distinct id)::int, 64) from storage.migrations where id < 64 and length(hash) = 40;
select pg_temp.same('owner of ' || relname, relowner::regrole::text, 'supabase_storage_admin')
from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'r' and relname <> 'prefixes';
select pg_temp.same('row level security of ' || relname, relrowsecurity, true)
from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'r' and relname <> 'prefixes';
select pg_temp.same('indexes', string_agg(relname, ' ' order by relname collate "C"),
    'bname bucketid_objname buckets_analytics_pkey buckets_analytics_unique_name_idx buckets_pkey buckets_vectors_pkey '
    'ferrobase_objects_folded_idx ferrobase_s3_multipart_uploads_parts_upload_idx iceberg_namespaces_pkey iceberg_tables_pkey '
    'idx_iceberg_namespaces_bucket_id idx_iceberg_tables_location idx_iceberg_tables_namespace_id idx_multipart_uploads_list '
    'idx_objects_bucket_id_name idx_objects_bucket_id_name_lower migrations_name_key migrations_pkey name_prefix_search objects_pkey '
    's3_multipart_uploads_parts_pkey s3_multipart_uploads_pkey vector_indexes_name_bucket_id_idx vector_indexes_pkey')
from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'i' and relname not like '%prefixes%';
select pg_temp.same('one form of ' || proname, count(*)::int, 1)
from pg_proc where pronamespace = 'storage'::regnamespace group by proname;
