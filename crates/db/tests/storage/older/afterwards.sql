-- What was there before is still there, and in the newer shape.
select pg_temp.same('the file is listed', pg_temp.searched('''''', '''before'''), '[ann]');
select pg_temp.same('in its folder', pg_temp.searched('''ann/''', '''before'''), 'file.txt');
select pg_temp.same('parts of its key', path_tokens, '{ann,file.txt}'::text[]) from storage.objects where bucket_id = 'before';
select pg_temp.same('the bucket''s kind', type || ' ' || versioning_status, 'STANDARD DISABLED')
from storage.buckets where id = 'before';
select pg_temp.same('everything below analytics buckets', count(*)::int, (select count(*)::int from storage.iceberg_namespaces))
from storage.iceberg_tables t
    join storage.iceberg_namespaces n on n.id = t.namespace_id and n.catalog_id = t.catalog_id
    join storage.buckets_analytics a on a.id = t.catalog_id and a.name = t.bucket_name;
select pg_temp.same('no trigger of folders', count(*)::int, 0) from pg_trigger where tgname like 'objects\_%';

-- Nothing of the older schema holds a bucket that has become empty.
set local storage.allow_delete_query = 'true';
delete from storage.objects where bucket_id = 'before';
delete from storage.buckets where id = 'before';
