-- What the cases share. Each runs in a transaction that is rolled back.

create function pg_temp.same(what text, got anyelement, wanted anyelement) returns void
language plpgsql as $$
begin
    if got is distinct from wanted then
        raise exception E'%:\n  got    %\n  wanted %', what, got, wanted;
    end if;
end
$$;

-- The SQLSTATE that a statement ends with; null when it works.
create function pg_temp.refusal(statement text) returns text
language plpgsql as $$
begin
    execute statement;
    return null;
exception when others then
    return sqlstate;
end
$$;

-- From here on as this role, with this user's token.
create function pg_temp.become(role text, sub text default '') returns void
language sql as $$
    select set_config('role', role, true), set_config('request.jwt.claim.sub', sub, true),
        set_config('request.jwt.claims', json_build_object('role', role, 'sub', nullif(sub, ''))::text, true)
$$;

-- Names, in order; folders in brackets.
create function pg_temp.searched(variadic arguments text[]) returns text
language plpgsql as $$
declare
    answer text;
begin
    execute 'select string_agg(case when id is null then ''['' || name || '']'' else name end, '' '' order by number) '
        'from storage.search(' || array_to_string(arguments, ', ') || ') with ordinality '
        'as s(name, id, updated_at, created_at, last_accessed_at, metadata, number)' into answer;
    return answer;
end
$$;

create function pg_temp.put(bucket text, variadic names text[]) returns void
language sql as $$
    insert into storage.buckets (id, name) values (bucket, bucket) on conflict do nothing;
    insert into storage.objects (bucket_id, name) select bucket, unnest(names);
$$;
