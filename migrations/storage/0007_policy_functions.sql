-- What policies and code of applications call (storage.md, section 15).

-- In an older Supabase some of the functions below and in the next files have other parameters or answer other columns under the
-- same name and types, which "create or replace" refuses.
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
select pg_temp.ferrobase_outdated('storage.get_size_by_bucket()', '{size,bucket_id}');

create or replace function storage.foldername(name text) returns text[]
language sql immutable parallel safe as $$
    select (string_to_array(name, '/'))[1:array_length(string_to_array(name, '/'), 1) - 1]
$$;

create or replace function storage.filename(name text) returns text
language sql immutable parallel safe as $$
    select split_part(name, '/', -1)
$$;

create or replace function storage.extension(name text) returns text
language sql immutable parallel safe as $$
    select split_part(split_part(name, '/', -1), '.', -1)
$$;

create or replace function storage.operation() returns text
language sql stable as $$
    select current_setting('storage.operation', true)
$$;

create or replace function storage.allow_any_operation(expected_operations text[]) returns boolean
language sql stable as $$
    select coalesce(
        nullif(regexp_replace(storage.operation(), '^storage\.', ''), '')
            = any (select regexp_replace(expected, '^storage\.', '') from unnest(expected_operations) as expected),
        false)
$$;

create or replace function storage.allow_only_operation(expected_operation text) returns boolean
language sql stable as $$
    select storage.allow_any_operation(array[expected_operation])
$$;

create or replace function storage.get_size_by_bucket() returns table (size bigint, bucket_id text)
language sql stable as $$
    select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id from storage.objects o group by o.bucket_id
$$;

-- May the caller add this object? Status 200, and nothing is added, or the error of the attempt.
create or replace function storage.can_insert_object(bucketid text, name text, owner uuid, metadata jsonb) returns void
language plpgsql as $$
begin
    insert into storage.objects (bucket_id, name, owner, metadata) values (bucketid, name, owner, metadata);
    raise exception using errcode = 'PT200', message = 'ROLLBACK', detail = 'rollback successful insert';
end
$$;

-- The folder of a key below a prefix, with the delimiter at its end; null for a key that lies in none.
create or replace function storage.get_common_prefix(p_key text, p_prefix text, p_delimiter text) returns text
language sql immutable parallel safe as $$
    select case
        when p_delimiter <> '' and strpos(substr(p_key, length(p_prefix) + 1), p_delimiter) > 0 then
            left(p_key, length(p_prefix)) || split_part(substr(p_key, length(p_prefix) + 1), p_delimiter, 1) || p_delimiter
    end
$$;
