-- The listings by exact key, page by page (storage.md, section 7): how they jump, and why, is said where search() is made.

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
-- The shorter forms are an older Supabase's: with them a call would not be unique.
drop function if exists storage.list_objects_with_delimiter(text, text, text, integer, text, text);
drop function if exists storage.search_v2(text, text, integer, integer, text);
select pg_temp.ferrobase_outdated(
    'storage.list_objects_with_delimiter(text, text, text, integer, text, text, text)',
    '{_bucket_id,prefix_param,delimiter_param,max_keys,start_after,next_token,sort_order,name,id,metadata,updated_at,created_at,last_accessed_at}');
select pg_temp.ferrobase_outdated(
    'storage.search_by_timestamp(text, text, integer, integer, text, text, text, text)',
    '{p_prefix,p_bucket_id,p_limit,p_level,p_start_after,p_sort_order,p_sort_column,p_sort_column_after,key,name,id,updated_at,created_at,last_accessed_at,metadata}');
select pg_temp.ferrobase_outdated(
    'storage.search_v2(text, text, integer, integer, text, text, text, text)',
    '{prefix,bucket_name,limits,levels,start_after,sort_order,sort_column,sort_column_after,key,name,id,updated_at,created_at,last_accessed_at,metadata}');

-- Where a page ended. A name below the prefix with the delimiter at its end is a folder. One without is a key if there is such a
-- key, else the folder that it names: who has only what a listing returned leaves the delimiter off, and reads on without doubt
-- except where a key and a folder have the same name.
create or replace function storage.ferrobase_page_end(bucket text, prefix text, ended text, delimiter text) returns text
language sql stable as $$
    select case
        when ended <> '' and delimiter <> ''
            and not (length(ended) > length(prefix) and right(ended, length(delimiter)) = delimiter)
            and not exists (select from storage.objects o where o.bucket_id = bucket and o.name = ended)
            and exists (
                select from storage.objects o
                where o.bucket_id = bucket and o.name collate "C" >= ended || delimiter
                    and o.name collate "C" < ended || delimiter || chr(1114111)
            )
        then ended || delimiter
        else ended
    end
$$;

-- Folders come without the delimiter at their end and without an id.
create or replace function storage.list_objects_with_delimiter(
    _bucket_id text,
    prefix_param text,
    delimiter_param text,
    max_keys integer default 100,
    start_after text default '',
    next_token text default '',
    sort_order text default 'asc'
) returns table (
    name text, id uuid, metadata jsonb, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz
)
language plpgsql stable
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
declare
    last constant text := chr(1114111);
    prefix constant text := coalesce(prefix_param, '');
    delimiter constant text := coalesce(delimiter_param, '');
    ascends constant boolean := lower(coalesce(sort_order, 'asc')) = 'asc';
    ended constant text := storage.ferrobase_page_end(
        _bucket_id, prefix, coalesce(nullif(next_token, ''), start_after, ''), delimiter);
    wanted integer := coalesce(max_keys, 100);
    low text := prefix;
    past text := prefix || last;
    forward cursor (low text, past text) for
        select o.name, o.id, o.metadata, o.updated_at, o.created_at, o.last_accessed_at
        from storage.objects o
        where o.bucket_id = _bucket_id and o.name collate "C" >= low and o.name collate "C" < past
        order by o.name collate "C";
    backward cursor (low text, past text) for
        select o.name, o.id, o.metadata, o.updated_at, o.created_at, o.last_accessed_at
        from storage.objects o
        where o.bucket_id = _bucket_id and o.name collate "C" >= low and o.name collate "C" < past
        order by o.name collate "C" desc;
    rows refcursor;
    found_row record;
    place integer;
begin
    forward := null;
    backward := null;
    if ended <> '' and not ascends then
        past := least(past collate "C", ended);
    elsif ended <> '' and delimiter <> '' and right(ended, length(delimiter)) = delimiter then
        low := greatest(low collate "C", ended || last);
    elsif ended <> '' then
        -- The next text in this order.
        low := greatest(low collate "C", ended || chr(1));
    end if;
    while wanted > 0 loop
        if ascends then
            open forward (low, past);
            rows := forward;
        else
            open backward (low, past);
            rows := backward;
        end if;
        loop
            fetch rows into found_row;
            exit when not found;
            place := case when delimiter = '' then 0 else strpos(substr(found_row.name, length(prefix) + 1), delimiter) end;
            exit when place > 0;
            name := found_row.name;
            id := found_row.id;
            metadata := found_row.metadata;
            updated_at := found_row.updated_at;
            created_at := found_row.created_at;
            last_accessed_at := found_row.last_accessed_at;
            return next;
            wanted := wanted - 1;
            exit when wanted = 0;
        end loop;
        close rows;
        exit when found_row is null or wanted = 0;
        name := left(found_row.name, length(prefix) + place - 1);
        id := null;
        metadata := null;
        updated_at := null;
        created_at := null;
        last_accessed_at := null;
        return next;
        wanted := wanted - 1;
        if ascends then
            low := name || delimiter || last;
        else
            past := name || delimiter;
        end if;
    end loop;
end
$$;

-- Sorted by a time, to the millisecond, and by name where it is the same. A folder is as old as the oldest object in it.
create or replace function storage.search_by_timestamp(
    p_prefix text,
    p_bucket_id text,
    p_limit integer,
    p_level integer,
    p_start_after text,
    p_sort_order text,
    p_sort_column text,
    p_sort_column_after text
) returns table (
    key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb
)
language plpgsql stable
set jit = off
as $$
declare
    prefix constant text := coalesce(p_prefix, '');
    ascends constant boolean := lower(coalesce(p_sort_order, 'asc')) = 'asc';
    sorted_by constant text := case when lower(p_sort_column) = 'updated_at' then 'updated_at' else 'created_at' end;
    shown constant integer := length(prefix) - length(split_part(prefix, '/', -1)) + 1;
begin
    return query execute format(
        'with entry as ( '
            'select o.name, o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata '
            'from storage.objects o '
            'where o.bucket_id = $1 and o.name collate "C" >= $2 and o.name collate "C" < $2 || chr(1114111) '
                'and storage.get_common_prefix(o.name, $2, ''/'') is null '
            'union all '
            'select folder.name, null, min(o.created_at), min(o.created_at), null, null '
            'from storage.objects o, storage.get_common_prefix(o.name, $2, ''/'') as folder(name) '
            'where o.bucket_id = $1 and o.name collate "C" >= $2 and o.name collate "C" < $2 || chr(1114111) '
                'and folder.name is not null '
            'group by folder.name '
        '), placed as ( '
            'select e.*, case when e.id is null then left(e.name, -1) else e.name end as bare, '
                'coalesce(date_trunc(''milliseconds'', e.%1$I), ''epoch'') as at '
            'from entry e '
        ') '
        'select substr(p.bare, $3), p.bare, p.id, p.updated_at, p.created_at, p.last_accessed_at, p.metadata '
        'from placed p '
        'where $4 = '''' or (p.at, p.name collate "C") %2$s ($5, $4) '
        'order by p.at %3$s, p.name collate "C" %3$s '
        'limit $6',
        sorted_by, case when ascends then '>' else '<' end, case when ascends then 'asc' else 'desc' end
    ) using
        p_bucket_id, prefix, shown,
        storage.ferrobase_page_end(p_bucket_id, prefix, coalesce(p_start_after, ''), '/'),
        coalesce(date_trunc('milliseconds', nullif(p_sort_column_after, '')::timestamptz), 'epoch'::timestamptz),
        p_limit;
end
$$;

create or replace function storage.search_v2(
    prefix text,
    bucket_name text,
    limits integer default 100,
    levels integer default 1,
    start_after text default '',
    sort_order text default 'asc',
    sort_column text default 'name',
    sort_column_after text default ''
) returns table (
    key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb
)
language plpgsql stable as $$
declare
    wanted constant integer := least(coalesce(limits, 100), 1500);
    direction constant text := case when lower(sort_order) = 'desc' then 'desc' else 'asc' end;
begin
    if lower(sort_column) in ('updated_at', 'created_at') then
        return query select * from storage.search_by_timestamp(
            prefix, bucket_name, wanted, levels, start_after, direction, sort_column, sort_column_after);
    else
        return query
        select split_part(l.name, '/', -1), l.name, l.id, l.updated_at, l.created_at, l.last_accessed_at, l.metadata
        from storage.list_objects_with_delimiter(bucket_name, prefix, '/', wanted, start_after, '', direction) l;
    end if;
end
$$;
