-- The listings by exact key.
create function pg_temp.listed(variadic arguments text[]) returns text
language plpgsql as $$
declare
    answer text;
begin
    execute 'select string_agg(case when id is null then ''['' || name || '']'' else name end, '' '' order by number) '
        'from storage.list_objects_with_delimiter(' || array_to_string(arguments, ', ') || ') with ordinality '
        'as s(name, id, metadata, updated_at, created_at, last_accessed_at, number)' into answer;
    return answer;
end
$$;
select pg_temp.put('l', 'b', 'B', 'a/1', 'a/2', 'a/x/3', 'a', 'a.txt', 'c//d', 'c/e', 'Z/q');

select pg_temp.same('bytes decide', pg_temp.listed('''l''', '''''', '''/'''), 'B [Z] a a.txt [a] b [c]');
select pg_temp.same('downwards', pg_temp.listed('''l''', '''''', '''/''', 'sort_order => ''desc'''), '[c] b [a] a.txt a [Z] B');
select pg_temp.same('no delimiter', pg_temp.listed('''l''', '''''', ''''''), 'B Z/q a a.txt a/1 a/2 a/x/3 b c//d c/e');
select pg_temp.same('a null delimiter', pg_temp.listed('''l''', '''a/''', 'null'), 'a/1 a/2 a/x/3');
select pg_temp.same('prefix', pg_temp.listed('''l''', '''a''', '''/'''), 'a a.txt [a]');
select pg_temp.same('prefix is exact', pg_temp.listed('''l''', '''A''', '''/'''), null);
select pg_temp.same('prefix in a folder', pg_temp.listed('''l''', '''a/''', '''/'''), 'a/1 a/2 [a/x]');
select pg_temp.same('an empty segment', pg_temp.listed('''l''', '''c/''', '''/'''), '[c/] c/e');
select pg_temp.same('a long delimiter', pg_temp.listed('''l''', '''''', '''/x/'''), 'B Z/q a a.txt a/1 a/2 [a] b c//d c/e');
select pg_temp.same('limit', pg_temp.listed('''l''', '''''', '''/''', '2'), 'B [Z]');
select pg_temp.same('after a key', pg_temp.listed('''l''', '''''', '''/''', '100', '''a.txt'''), '[a] b [c]');
select pg_temp.same('after a folder', pg_temp.listed('''l''', '''''', '''/''', '100', '''a/'''), 'b [c]');
select pg_temp.same('after a folder as it was returned', pg_temp.listed('''l''', '''''', '''/''', '100', '''Z'''), 'a a.txt [a] b [c]');
select pg_temp.same('after a key in a folder', pg_temp.listed('''l''', '''''', '''/''', '100', '''a/1'''), '[a] b [c]');
select pg_temp.same('after an empty segment', pg_temp.listed('''l''', '''c/''', '''/''', '100', '''c/'''), 'c/e');
select pg_temp.same('after what is not there', pg_temp.listed('''l''', '''''', '''/''', '100', '''aa'''), 'b [c]');
select pg_temp.same('before the prefix', pg_temp.listed('''l''', '''b''', '''/''', '100', '''a'''), 'b');
select pg_temp.same('behind the prefix', pg_temp.listed('''l''', '''a''', '''/''', '100', '''b'''), null);
select pg_temp.same('the token wins', pg_temp.listed('''l''', '''''', '''/''', '100', '''B''', '''b'''), '[c]');
select pg_temp.same('downwards after a folder', pg_temp.listed('''l''', '''''', '''/''', '100', '''a/''', '''''', '''desc'''),
    'a.txt a [Z] B');
select pg_temp.same('search_v2', string_agg(key || '=' || name, ' ' order by number), '1=a/1 2=a/2 x=a/x')
from storage.search_v2('a/', 'l', 100, 2) with ordinality as s(key, name, i, u, c, l, m, number);
select pg_temp.same('search_v2 goes on', string_agg(name, ' ' order by number), 'c')
from storage.search_v2('', 'l', start_after => 'b') with ordinality as s(key, name, i, u, c, l, m, number);

-- Pages put together are the whole: with the delimiter at the end of a folder's name always, without it where no key is
-- called like a folder.
select pg_temp.put('lp', variadic array_agg(key)) from (
    select format('f%s/%s/x', i % 17, i % 5) || i as key from generate_series(1, 300) as i
    union all select 'file-' || i from generate_series(1, 150) as i
    union all select unnest(array['f1!', 'f1.txt', 'f1z', 'é/x', 'É/y', '日本/x'])
) as keys;
do $$
declare
    direction text;
    slash text;
    sorted_by text;
    whole text[];
    paged text[];
    page record;
    size constant integer := 7;
begin
    foreach slash in array array['/', ''] loop
        foreach direction in array array['asc', 'desc'] loop
            if slash = '/' then
                insert into storage.objects (bucket_id, name) values ('lp', 'f1'), ('lp', 'f2') on conflict do nothing;
            else
                perform set_config('storage.allow_delete_query', 'true', true);
                delete from storage.objects where bucket_id = 'lp' and name in ('f1', 'f2');
            end if;
            foreach sorted_by in array array['name', 'created_at', 'updated_at'] loop
                select array_agg(name || case when id is null then slash else '' end) into whole
                from storage.search_v2('', 'lp', 1000, 1, '', direction, sorted_by);
                perform pg_temp.same('count', cardinality(whole), case slash when '/' then 175 else 173 end);
                paged := '{}';
                page := row(null::text[], null::text, null::timestamptz);
                loop
                    select array_agg(name || case when id is null then slash else '' end order by number) as names,
                        (array_agg(case sorted_by when 'updated_at' then updated_at else created_at end order by number desc))[1] as at
                    into page
                    from storage.search_v2('', 'lp', size, 1, coalesce(paged[cardinality(paged)], ''), direction, sorted_by,
                        case when paged = '{}' or sorted_by = 'name' then '' else page.f3::text end)
                        with ordinality as s(key, name, id, updated_at, created_at, last_accessed_at, metadata, number);
                    exit when page.names is null or cardinality(paged) > 1000;
                    paged := paged || page.names;
                    page := row(null::text[], null::text, page.at);
                end loop;
                perform pg_temp.same(format('pages by %s %s %L', sorted_by, direction, slash), paged, whole);
            end loop;
        end loop;
    end loop;
end
$$;

-- Sorted by a time: a folder is as old as its oldest object.
insert into storage.buckets (id, name) values ('lt', 'lt');
insert into storage.objects (bucket_id, name, created_at, updated_at) values
    ('lt', 'f/a', '2026-01-05', '2026-03-01'), ('lt', 'f/b', '2026-01-01', '2026-03-01'), ('lt', 'x', '2026-01-03', '2026-01-09'),
    ('lt', 'y', '2026-01-02', '2026-01-10'), ('lt', 'w', '2026-01-02 00:00:00.0004', '2026-01-08');
select pg_temp.same('by creation', string_agg(name, ' ' order by number), 'f w y x')
from storage.search_v2('', 'lt', sort_column => 'created_at') with ordinality as s(key, name, i, u, c, l, m, number);
select pg_temp.same('by change, downwards', string_agg(name, ' ' order by number), 'y x w f')
from storage.search_v2('', 'lt', sort_column => 'updated_at', sort_order => 'desc')
    with ordinality as s(key, name, i, u, c, l, m, number);
select pg_temp.same('going on within a millisecond', string_agg(name, ' ' order by number), 'y x')
from storage.search_v2('', 'lt', 100, 1, 'w', 'asc', 'created_at', '2026-01-02T00:00:00.000Z')
    with ordinality as s(key, name, i, u, c, l, m, number);
select pg_temp.same('a folder''s row', (key, name, id, updated_at, created_at, last_accessed_at, metadata)::text,
    format('(f,f,,"%1$s","%1$s",,)', '2026-01-01'::timestamptz))
from storage.search_v2('', 'lt', 1, sort_column => 'created_at');
select pg_temp.same('text that is SQL', pg_temp.refusal(
    $$ select * from storage.search_by_timestamp('', 'lt', 1, 1, '', 'asc; drop', 'created_at"; drop', '') $$), null);
