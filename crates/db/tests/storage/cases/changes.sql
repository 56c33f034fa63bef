-- What happens by itself when rows change, and what is refused.
select pg_temp.put('kept', 'file');
select pg_temp.same('no row is deleted by hand', pg_temp.refusal($$ delete from storage.objects where bucket_id = 'kept' $$), '42501');
select pg_temp.same('no bucket either', pg_temp.refusal($$ delete from storage.buckets where id = 'kept' $$), '42501');
select pg_temp.same('not even none', pg_temp.refusal($$ delete from storage.objects where false $$), '42501');
select set_config('storage.allow_delete_query', 'yes', true);
select pg_temp.same('only by the exact word', pg_temp.refusal($$ delete from storage.objects where false $$), '42501');
do $$
begin
    delete from storage.objects;
    raise exception 'not refused';
exception when insufficient_privilege then
    perform pg_temp.same('the message', sqlerrm, 'Direct deletion from storage tables is not allowed. Use the Storage API instead.');
end
$$;
select set_config('storage.allow_delete_query', 'true', true);
select pg_temp.same('a bucket with objects stays', pg_temp.refusal($$ delete from storage.buckets where id = 'kept' $$), '23503');
select pg_temp.same('the service deletes', pg_temp.refusal($$ delete from storage.objects where bucket_id = 'kept' $$), null);
select pg_temp.same('and the bucket', pg_temp.refusal($$ delete from storage.buckets where id = 'kept' $$), null);
select set_config('storage.allow_delete_query', '', true);

select pg_temp.put('c', 'file');
update storage.objects set updated_at = '2000-01-01', created_at = '2000-01-01' where bucket_id = 'c';
select pg_temp.same('updated_at follows', (updated_at = now(), created_at), (true, '2000-01-01'::timestamptz))
from storage.objects where bucket_id = 'c';

select pg_temp.same('100 characters', pg_temp.refusal(format(
    $$ insert into storage.buckets (id, name) values ('long', %L) $$, repeat('é', 100))), null);
select pg_temp.same('101 characters', pg_temp.refusal(format(
    $$ insert into storage.buckets (id, name) values ('longer', %L) $$, repeat('x', 101))), 'P0001');
select pg_temp.same('renamed', pg_temp.refusal(format(
    $$ update storage.buckets set name = %L where id = 'c' $$, repeat('x', 101))), 'P0001');
select pg_temp.same('a name twice', pg_temp.refusal($$ insert into storage.buckets (id, name) values ('other', 'c') $$), '23505');
select pg_temp.same('a key twice', pg_temp.refusal($$ insert into storage.objects (bucket_id, name) values ('c', 'file') $$), '23505');
select pg_temp.same('no bucket', pg_temp.refusal($$ insert into storage.objects (bucket_id, name) values ('none', 'x') $$), '23503');
select pg_temp.same('no versions', pg_temp.refusal($$ update storage.buckets set versioning_status = 'ENABLED' $$), '23514');
select pg_temp.same('an owner need not be a user of ours', pg_temp.refusal(
    $$ update storage.objects set owner = gen_random_uuid() where bucket_id = 'c' $$), null);

select pg_temp.same('may insert', pg_temp.refusal($$ select storage.can_insert_object('c', 'new', null, '{}') $$), 'PT200');
select pg_temp.same('may not insert', pg_temp.refusal($$ select storage.can_insert_object('c', 'file', null, '{}') $$), '23505');
select pg_temp.same('nothing was inserted', count(*)::int, 1) from storage.objects where bucket_id = 'c';

update storage.objects set metadata = '{"size": 3000000000}' where bucket_id = 'c';
select pg_temp.same('sizes', size, 3000000000) from storage.get_size_by_bucket() where bucket_id = 'c';

-- The service's own books.
insert into _ferrobase.storage_pending_deletions (version) values ('v'), ('v') on conflict do nothing;
select pg_temp.same('a blob is noted once', count(*)::int, 1) from _ferrobase.storage_pending_deletions where version = 'v';
select pg_temp.same('an upload does not grow beyond its length', pg_temp.refusal($$
    insert into _ferrobase.storage_uploads (bucket_id, name, version, upload_length, upload_offset, role, expires_at)
    values ('c', 'x', 'v', 1, 2, 'anon', now()) $$), '23514');
