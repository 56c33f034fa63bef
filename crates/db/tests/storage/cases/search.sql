-- The listing of folders: case does not matter, and folders stand between the files.
select pg_temp.put('s', 'banana.txt', 'Apple.txt', 'cherry/one.txt', 'cherry/two/three.txt', 'Cherry.md', 'dates/x', 'dates/y', 'a!b',
    'apple/core', 'a%b', 'a_b');

select pg_temp.same('root', pg_temp.searched('''''', '''s'''),
    'a!b a%b a_b Apple.txt [apple] banana.txt Cherry.md [cherry] [dates]');
select pg_temp.same('root, downwards', pg_temp.searched('''''', '''s''', 'sortorder => ''desc'''),
    '[dates] [cherry] Cherry.md banana.txt [apple] Apple.txt a_b a%b a!b');
select pg_temp.same('a folder', pg_temp.searched('''cherry/''', '''s''', '100', '2'), 'one.txt [two]');
select pg_temp.same('a folder in another case', pg_temp.searched('''CHERRY/''', '''s''', '100', '2'), 'one.txt [two]');
select pg_temp.same('search at the root', pg_temp.searched('''''', '''s''', 'search => ''CH'''), 'Cherry.md [cherry]');
select pg_temp.same('search in a folder', pg_temp.searched('''cherry/''', '''s''', 'search => ''t'''), '[two]');
select pg_temp.same('search through a folder', pg_temp.searched('''''', '''s''', 'search => ''cherry/o'''), 'cherry/one.txt');
select pg_temp.same('search ends at a folder', pg_temp.searched('''''', '''s''', 'search => ''cherry/'''), 'cherry/one.txt [cherry/two]');
select pg_temp.same('a prefix without its slash', pg_temp.searched('''cherry/tw''', '''s'''), '[two]');
select pg_temp.same('a percent sign is one', pg_temp.searched('''''', '''s''', 'search => ''a%'''), 'a%b');
select pg_temp.same('an underscore is one, by name', pg_temp.searched('''''', '''s''', 'search => ''a_'''), 'a_b');
select pg_temp.same('an underscore is one, by time',
    pg_temp.searched('''''', '''s''', 'search => ''a_''', 'sortcolumn => ''created_at'''), 'a_b');
select pg_temp.same('limit', pg_temp.searched('''''', '''s''', '3'), 'a!b a%b a_b');
select pg_temp.same('limit and offset', pg_temp.searched('''''', '''s''', '3', '1', '3'), 'Apple.txt [apple] banana.txt');
select pg_temp.same('the end', pg_temp.searched('''''', '''s''', '3', '1', '8'), '[dates]');
select pg_temp.same('behind the end', pg_temp.searched('''''', '''s''', '3', '1', '9'), null);
select pg_temp.same('limit 0', pg_temp.searched('''''', '''s''', '0'), null);
select pg_temp.same('negative offset', pg_temp.searched('''''', '''s''', '1', '1', '-5'), 'a!b');
select pg_temp.same('an unknown column is the name', pg_temp.searched('''''', '''s''', '1', 'sortcolumn => ''id; drop'''), 'a!b');
select pg_temp.same('null stands for the default',
    pg_temp.searched('null', '''s''', 'null', 'null', 'null', 'null', 'null', 'null'),
    'a!b a%b a_b Apple.txt [apple] banana.txt Cherry.md [cherry] [dates]');
select pg_temp.same('an unknown bucket', pg_temp.searched('''''', '''unknown'''), null);
select pg_temp.same('an unknown folder', pg_temp.searched('''nothing/''', '''s'''), null);

-- Pages put together are the whole, in both directions and whatever their size.
select pg_temp.put('pages', variadic array_agg(key)) from (
    select format('%s/%s', case when i % 3 = 0 then 'F' else 'f' end || i % 17, i) as key from generate_series(1, 300) as i
    union all select format('%s-%s', case when i % 2 = 0 then 'FILE' else 'file' end, i) from generate_series(1, 150) as i
    union all select unnest(array['twin', 'Twin', 'tWin', 'TWIN', 'f1', 'F1', 'f1.txt', 'é/x', 'É/y', 'éa', '日本/x', '日本'])
) as keys;
do $$
declare
    direction text;
    size integer;
    whole text[];
    paged text[];
    page text[];
begin
    foreach direction in array array['asc', 'desc'] loop
        select array_agg(name) into whole
        from storage.search('', 'pages', 1500, sortorder => direction);
        perform pg_temp.same('count ' || direction, cardinality(whole), 17 + 150 + 4 + 3 + 2 + 2);
        foreach size in array array[1, 2, 7, 50, 100] loop
            paged := '{}';
            loop
                select array_agg(name) into page
                from storage.search('', 'pages', size, 1, cardinality(paged), sortorder => direction);
                exit when page is null;
                paged := paged || page;
            end loop;
            perform pg_temp.same(format('pages of %s, %s', size, direction), paged, whole);
        end loop;
    end loop;
    perform pg_temp.same('downwards is the reverse',
        (select array_agg(lower(name) order by number desc) from unnest(whole) with ordinality as w(name, number)),
        (select array_agg(lower(name) order by number) from storage.search('', 'pages', 1500) with ordinality
            as w(name, id, u, c, l, m, number)));
end
$$;
select pg_temp.same('case-only twins all show', pg_temp.searched('''''', '''pages''', 'search => ''twin'''), 'TWIN Twin tWin twin');

-- Against the definition: first segments, sorted by their lower-case bytes.
with wanted as (
    select distinct on (lower(split_part(name, '/', 1)) collate "C", case when name like '%/%' then '' else name end)
        split_part(name, '/', 1) as name, lower(name) as at, name like '%/%' as folder
    from storage.objects where bucket_id = 'pages'
    order by lower(split_part(name, '/', 1)) collate "C", case when name like '%/%' then '' else name end, lower(name) collate "C"
)
select pg_temp.same('by definition',
    (select array_agg(lower(name) || case when id is null then '/' else '' end order by number)
        from storage.search('', 'pages', 1500) with ordinality as s(name, id, u, c, l, m, number)),
    (select array_agg(lower(name) || case when folder then '/' else '' end order by
        (case when folder then lower(name) || '/' else lower(name) end) collate "C", name collate "C") from wanted));

-- By a time: folders first.
insert into storage.buckets (id, name) values ('times', 'times');
insert into storage.objects (bucket_id, name, created_at, last_accessed_at, updated_at) values
    ('times', 'z', '2026-01-01', '2026-01-03', '2026-01-02'), ('times', 'y', '2026-01-02', '2026-01-02', '2026-01-03'),
    ('times', 'x', '2026-01-03', '2026-01-01', '2026-01-01'), ('times', 'Folder/a', '2026-01-09', '2026-01-09', '2026-01-09'),
    ('times', 'album/b', '2025-01-09', '2025-01-09', '2025-01-09'), ('times', 'album/c', '2025-01-09', '2025-01-09', '2025-01-09'),
    ('times', 'w', '2026-01-03', '2026-01-01', '2026-01-01');
select pg_temp.same('by ' || column_name || ' ' || direction,
    pg_temp.searched('''''', '''times''', format('sortcolumn => %L', column_name), format('sortorder => %L', direction)), wanted)
from (values
    ('created_at', 'asc', '[album] [Folder] z y w x'), ('created_at', 'desc', '[Folder] [album] x w y z'),
    ('updated_at', 'asc', '[album] [Folder] w x z y'), ('last_accessed_at', 'asc', '[album] [Folder] w x y z'),
    ('CREATED_AT', 'ASC', '[album] [Folder] z y w x')
) as inputs(column_name, direction, wanted);
select pg_temp.same('by time, within folders', pg_temp.searched('''''', '''times''', '2', '1', '1', 'sortcolumn => ''created_at'''),
    '[Folder] z');
select pg_temp.same('by time, behind folders', pg_temp.searched('''''', '''times''', '2', '1', '3', 'sortcolumn => ''created_at'''), 'y w');
select pg_temp.same('by time, folders fill the page', pg_temp.searched('''''', '''times''', '2', 'sortcolumn => ''created_at'''),
    '[album] [Folder]');
select pg_temp.same('by time, in a folder', pg_temp.searched('''ALBUM/''', '''times''', 'sortcolumn => ''created_at''',
    'sortorder => ''desc'''), 'c b');

-- What a row holds.
update storage.objects set metadata = '{"size": 3}' where bucket_id = 'times' and name = 'z';
select pg_temp.same('a file''s row',
    (id is not null, updated_at is not null, created_at, last_accessed_at, metadata)::text,
    format('(t,t,"%s","%s","{""size"": 3}")', '2026-01-01'::timestamptz, '2026-01-03'::timestamptz))
from storage.search('', 'times', search => 'z');
select pg_temp.same('a folder''s row', (id, updated_at, created_at, last_accessed_at, metadata)::text, '(,,,,)')
from storage.search('', 'times', search => 'album');

-- A transaction may have a cursor of the function's names open.
declare forward cursor for select 1;
select pg_temp.same('beside another cursor', pg_temp.searched('''''', '''s''', '1'), 'a!b');
