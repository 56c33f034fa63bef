-- Policies of applications, as they are written everywhere, for the roles of the API; made by postgres, who is no superuser.
select pg_temp.put('avatars', 'a.png', 'b.jpg', 'deep/er/c.png', 'deep/er/d.txt');
select pg_temp.put('private', '00000000-0000-4000-8000-000000000001/one', '00000000-0000-4000-8000-000000000001/sub/two',
    '00000000-0000-4000-8000-000000000002/three', 'shared');
insert into storage.buckets (id, name) values ('hidden', 'hidden');
set local role postgres;
create policy "pictures" on storage.objects for select using (bucket_id = 'avatars' and storage.extension(name) = 'png');
create policy "own folder" on storage.objects for all to authenticated
    using (bucket_id = 'private' and (storage.foldername(name))[1] = auth.uid()::text)
    with check (bucket_id = 'private' and (storage.foldername(name))[1] = (select auth.uid()::text));
create policy "lists only" on storage.objects for select to anon
    using (bucket_id = 'private' and name = 'shared' and storage.allow_any_operation(array['object.list']));
create policy "buckets" on storage.buckets for select to authenticated using (id <> 'hidden');
reset role;

select pg_temp.become('anon');
select pg_temp.same('anon sees pictures', pg_temp.searched('''''', '''avatars'''), 'a.png [deep]');
select pg_temp.same('anon sees a picture in a folder', pg_temp.searched('''deep/er/''', '''avatars'''), 'c.png');
select pg_temp.same('anon sees nothing else', pg_temp.searched('''''', '''private'''), null);
select set_config('storage.operation', 'storage.object.list', true);
select pg_temp.same('anon sees what a listing shows', pg_temp.searched('''''', '''private'''), 'shared');
select pg_temp.same('no bucket', count(*)::int, 0) from storage.buckets;
select pg_temp.same('anon writes nothing',
    pg_temp.refusal($$ insert into storage.objects (bucket_id, name) values ('avatars', 'x.png') $$), '42501');
select pg_temp.same('no rights on uploads',
    pg_temp.refusal($$ delete from storage.s3_multipart_uploads $$), '42501');
select pg_temp.same('no sight of migrations', pg_temp.refusal($$ select * from storage.migrations $$), '42501');
select pg_temp.same('no sight of our books', pg_temp.refusal($$ select * from _ferrobase.storage_uploads $$), '42501');
select pg_temp.same('no sight of pending deletions', pg_temp.refusal($$ select * from _ferrobase.storage_pending_deletions $$), '42501');

reset role;
select pg_temp.become('authenticated', '00000000-0000-4000-8000-000000000001');
select pg_temp.same('root', pg_temp.searched('''''', '''private'''), '[00000000-0000-4000-8000-000000000001]');
select pg_temp.same('own folder', pg_temp.searched('''00000000-0000-4000-8000-000000000001/''', '''private'''), 'one [sub]');
select pg_temp.same('another''s folder', pg_temp.searched('''00000000-0000-4000-8000-000000000002/''', '''private'''), null);
select pg_temp.same('by time as well', pg_temp.searched('''''', '''private''', 'sortcolumn => ''created_at'''),
    '[00000000-0000-4000-8000-000000000001]');
select pg_temp.same('by key', array_agg(name)::text, '{00000000-0000-4000-8000-000000000001}')
from storage.list_objects_with_delimiter('private', '', '/');
select pg_temp.same('by key and time', array_agg(name)::text, '{00000000-0000-4000-8000-000000000001}')
from storage.search_v2('', 'private', sort_column => 'updated_at');
select pg_temp.same('all keys', count(*)::int, 2) from storage.list_objects_with_delimiter('private', '', '');
select pg_temp.same('buckets', array_agg(id order by id)::text, '{avatars,private}') from storage.buckets where id in ('avatars', 'hidden', 'private');
select pg_temp.same('may add', pg_temp.refusal(
    $$ select storage.can_insert_object('private', '00000000-0000-4000-8000-000000000001/new', null, '{}') $$), 'PT200');
select pg_temp.same('may not add elsewhere', pg_temp.refusal(
    $$ select storage.can_insert_object('private', '00000000-0000-4000-8000-000000000002/new', null, '{}') $$), '42501');
select pg_temp.same('may not add elsewhere', pg_temp.refusal(
    $$ update storage.objects set name = 'stolen' $$), '42501');
select pg_temp.same('may not delete by hand', pg_temp.refusal($$ delete from storage.objects $$), '42501');
select set_config('storage.allow_delete_query', 'true', true);
with gone as (delete from storage.objects returning name)
select pg_temp.same('deletes the own only', (select count(*)::int from gone), 2);

reset role;
select pg_temp.become('service_role');
select pg_temp.same('the service sees all', pg_temp.searched('''''', '''private'''),
    '[00000000-0000-4000-8000-000000000002] shared');
select pg_temp.same('and writes', pg_temp.refusal($$ insert into storage.buckets (id, name) values ('new', 'new') $$), null);
reset role;

-- The range of a listing is found by index although policies come first: the caller's rights cost no look at every other row.
select pg_temp.put('large', variadic array_agg(format('%s/%s', i % 200, i))) from generate_series(1, 4000) as i;
set local role postgres;
create policy "large" on storage.objects for select to authenticated using (bucket_id = 'large' and name not like 'x%');
reset role;
analyze storage.objects;
create function pg_temp.rows_read(query text) returns integer language plpgsql as $$
declare
    plan jsonb;
begin
    execute 'explain (analyze, format json) ' || query into plan;
    return (select sum(coalesce((node ->> 'Actual Rows')::numeric, 0) + coalesce((node ->> 'Rows Removed by Filter')::numeric, 0))
        from jsonb_path_query(plan, '$.**."Plan"') as node) + (
        select coalesce(sum((node ->> 'Actual Rows')::numeric + coalesce((node ->> 'Rows Removed by Filter')::numeric, 0)), 0)
        from jsonb_path_query(plan, '$.**."Plans"[*]') as node);
end
$$;
select pg_temp.become('authenticated');
set local enable_sort = off;
select pg_temp.same('few rows are read for ' || expression, pg_temp.rows_read(format(
    'select from storage.objects where bucket_id = ''large'' and %1$s >= ''7/'' and %1$s < ''70'' order by %1$s limit 1', expression)) < 10, true)
from unnest(array['name collate "C"', 'storage.ferrobase_fold(name) collate "C"']) as expression;
