-- Multipart uploads under way.
insert into storage.buckets (id, name) values ('u', 'u');
insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version)
select id, '', 'u', key, id from (values
    ('1', 'a'), ('2', 'a'), ('3', 'b/x'), ('4', 'b/y'), ('5', 'c'), ('6', 'B')
) as uploads(id, key);
insert into storage.s3_multipart_uploads_parts (upload_id, part_number, bucket_id, key, etag, version) values ('1', 1, 'u', 'a', '', '');
create function pg_temp.uploads(variadic arguments text[]) returns text
language plpgsql as $$
declare
    answer text;
begin
    execute 'select string_agg(key || coalesce(''='' || id, ''''), '' '' order by number) '
        'from storage.list_multipart_uploads_with_delimiter(''u'', ' || array_to_string(arguments, ', ') || ') with ordinality '
        'as s(key, id, created_at, number)' into answer;
    return answer;
end
$$;
select pg_temp.same('all', pg_temp.uploads('''''', '''/'''), 'B=6 a=1 a=2 b/ c=5');
select pg_temp.same('no delimiter', pg_temp.uploads('''''', ''''''), 'B=6 a=1 a=2 b/x=3 b/y=4 c=5');
select pg_temp.same('prefix', pg_temp.uploads('''b/''', '''/'''), 'b/x=3 b/y=4');
select pg_temp.same('limit', pg_temp.uploads('''''', '''/''', '2'), 'B=6 a=1');
select pg_temp.same('within a key', pg_temp.uploads('''''', '''/''', '100', '''a''', '''1'''), 'a=2 b/ c=5');
select pg_temp.same('behind a key', pg_temp.uploads('''''', '''/''', '100', '''a'''), 'b/ c=5');
select pg_temp.same('behind a common prefix', pg_temp.uploads('''''', '''/''', '100', '''b/'''), 'c=5');

select pg_temp.same('a bucket with uploads stays', pg_temp.refusal(
    $$ select set_config('storage.allow_delete_query', 'true', true); delete from storage.buckets where id = 'u' $$), '23503');
delete from storage.s3_multipart_uploads where id = '1';
select pg_temp.same('parts go with their upload', count(*)::int, 0) from storage.s3_multipart_uploads_parts;
