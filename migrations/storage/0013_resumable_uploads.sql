-- The state of the MD5 over the bytes that `upload_offset` counts, so that an upload goes on without reading them again.
alter table _ferrobase.storage_uploads add column if not exists hash_state bytea;
