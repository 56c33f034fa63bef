-- The listing of folders as `list()` shows it: case does not matter (storage.md, section 7).
--
-- All listings jump: they read one key, and where it lies in a folder, go on behind that folder. A cursor is opened at a key and
-- read row by row, so that a run of files costs one cursor and a folder of any size costs one row.
--
-- They run as the caller. What decides where in an index to start has then to be leakproof, or PostgreSQL asks the policies about
-- every row of the bucket first. Comparisons of text are, lower() is not; so there is another name for it that is, and an index
-- on that. It gives nothing away: it does the same for every text, and answers nothing but its result.

do $$
begin
    create or replace function storage.ferrobase_fold(text) returns text
        language internal immutable strict parallel safe leakproof as 'lower';
exception when insufficient_privilege then
    -- Only a superuser can say that a function is leakproof. Listings under policies are slow then in large buckets.
    create or replace function storage.ferrobase_fold(text) returns text
        language sql immutable strict parallel safe as 'select lower($1)';
end
$$;

create index if not exists ferrobase_objects_folded_idx
    on storage.objects (bucket_id, storage.ferrobase_fold(name) collate "C", name collate "C");

-- The shorter forms are a very old Supabase's: a call with as few arguments would mean them.
drop function if exists storage.search(text, text, integer, integer, integer);
drop function if exists storage.search(text, text, integer, integer, integer, text);

-- `levels` is not needed: how deep the names lie follows from the prefix. Newer versions of the original have no such parameter,
-- but applications that call this pass it.
create or replace function storage.search(
    prefix text,
    bucketname text,
    limits integer default 100,
    levels integer default 1,
    offsets integer default 0,
    search text default '',
    sortcolumn text default 'name',
    sortorder text default 'asc'
) returns table (
    name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb
)
language plpgsql stable
-- Only an index can give the order without reading the whole bucket, whatever the statistics of a young table say.
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
declare
    -- Behind every text that begins with the one before it.
    last constant text := chr(1114111);
    sought constant text := lower(coalesce(prefix, '') || coalesce(search, ''));
    ascends constant boolean := lower(coalesce(sortorder, 'asc')) = 'asc';
    by_name constant boolean :=
        lower(coalesce(sortcolumn, 'name')) not in ('updated_at', 'created_at', 'last_accessed_at');
    -- Names are shown from the last "/" of the prefix on.
    shown constant integer := length(coalesce(prefix, '')) - length(split_part(coalesce(prefix, ''), '/', -1)) + 1;
    wanted integer := least(coalesce(limits, 100), 1500);
    to_skip integer := greatest(coalesce(offsets, 0), 0);
    low text := sought;
    past text := sought || last;
    forward cursor (low text, past text) for
        select o.name, o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
        from storage.objects o
        where o.bucket_id = bucketname
            and storage.ferrobase_fold(o.name) collate "C" >= low and storage.ferrobase_fold(o.name) collate "C" < past
        order by storage.ferrobase_fold(o.name) collate "C", o.name collate "C";
    backward cursor (low text, past text) for
        select o.name, o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
        from storage.objects o
        where o.bucket_id = bucketname
            and storage.ferrobase_fold(o.name) collate "C" >= low and storage.ferrobase_fold(o.name) collate "C" < past
        order by storage.ferrobase_fold(o.name) collate "C" desc, o.name collate "C" desc;
    rows refcursor;
    found_row record;
    slash integer;
begin
    -- PostgreSQL before 16 calls a cursor by its variable, whoever else has one of that name open.
    forward := null;
    backward := null;
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
            slash := strpos(substr(found_row.name, length(sought) + 1), '/');
            if slash > 0 then
                exit;
            end if;
            if not by_name then
                continue;
            end if;
            if to_skip > 0 then
                to_skip := to_skip - 1;
                continue;
            end if;
            name := substr(found_row.name, shown);
            id := found_row.id;
            updated_at := found_row.updated_at;
            created_at := found_row.created_at;
            last_accessed_at := found_row.last_accessed_at;
            metadata := found_row.metadata;
            return next;
            wanted := wanted - 1;
            exit when wanted = 0;
        end loop;
        close rows;
        exit when found_row is null or wanted = 0;
        if ascends then
            low := lower(left(found_row.name, length(sought) + slash)) || last;
        else
            past := lower(left(found_row.name, length(sought) + slash));
        end if;
        if to_skip > 0 then
            to_skip := to_skip - 1;
            continue;
        end if;
        name := substr(left(found_row.name, length(sought) + slash - 1), shown);
        id := null;
        updated_at := null;
        created_at := null;
        last_accessed_at := null;
        metadata := null;
        return next;
        wanted := wanted - 1;
    end loop;
    if by_name or wanted <= 0 then
        return;
    end if;
    -- Sorted by a time: the folders are through, the files follow.
    return query execute format(
        'select substr(o.name, $1), o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata '
        'from storage.objects o '
        'where o.bucket_id = $2 '
            'and storage.ferrobase_fold(o.name) collate "C" >= $3 and storage.ferrobase_fold(o.name) collate "C" < $4 '
            'and strpos(substr(o.name, $5), ''/'') = 0 '
        'order by o.%1$I %2$s, o.name collate "C" %2$s '
        'limit $6 offset $7',
        lower(sortcolumn), case when ascends then 'asc' else 'desc' end
    ) using shown, bucketname, sought, sought || last, length(sought) + 1, wanted, to_skip;
end
$$;
