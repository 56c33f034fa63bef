-- The listing of multipart uploads (storage.md, section 14). Every upload of a key is in it; common prefixes have no id, and the
-- delimiter at their end.

create or replace function pg_temp.ferrobase_outdated(signature text, parameters text[]) returns void
language plpgsql as $$
begin
    if (select proargnames from pg_proc where oid = to_regprocedure(signature)) is distinct from parameters
        and to_regprocedure(signature) is not null
    then
        execute format('drop function %s', to_regprocedure(signature));
    end if;
end
$$;
select pg_temp.ferrobase_outdated(
    'storage.list_multipart_uploads_with_delimiter(text, text, text, integer, text, text)',
    '{bucket_id,prefix_param,delimiter_param,max_keys,next_key_token,next_upload_token,key,id,created_at}');

create or replace function storage.list_multipart_uploads_with_delimiter(
    bucket_id text,
    prefix_param text,
    delimiter_param text,
    max_keys integer default 100,
    next_key_token text default '',
    next_upload_token text default ''
) returns table (key text, id text, created_at timestamptz)
language sql stable as $$
    with entry as (
        select u.key, u.id, u.created_at, storage.get_common_prefix(u.key, coalesce(prefix_param, ''), delimiter_param) as folder
        from storage.s3_multipart_uploads u
        where u.bucket_id = $1
            and u.key >= coalesce(prefix_param, '') and u.key < coalesce(prefix_param, '') || chr(1114111)
    ), shown as (
        select e.key, e.id, e.created_at from entry e where e.folder is null
        union all
        select distinct e.folder, null, null::timestamptz from entry e where e.folder is not null
    )
    select s.key, s.id, s.created_at
    from shown s
    where coalesce(next_key_token, '') = ''
        or s.key collate "C" > next_key_token
        or (s.key = next_key_token and next_upload_token <> '' and s.id collate "C" > next_upload_token)
    order by s.key collate "C", s.id collate "C"
    limit max_keys
$$;
