-- Parts of keys, and folders below a prefix.
select pg_temp.same('foldername of ' || name, storage.foldername(name), wanted)
from (values
    ('a/b/c.png', '{a,b}'::text[]), ('file', '{}'), ('/file', '{""}'), ('a/', '{a}'), ('a//b', '{a,""}'), (null, null)
) as inputs(name, wanted);
select pg_temp.same('filename of ' || name, storage.filename(name), wanted)
from (values ('a/b/c.png', 'c.png'), ('file', 'file'), ('a/', ''), ('a//b', 'b'), ('.x/y.', 'y.'), (null, null)) as inputs(name, wanted);
select pg_temp.same('extension of ' || name, storage.extension(name), wanted)
from (values
    ('a/b/c.png', 'png'), ('c.tar.gz', 'gz'), ('a.b/file', 'file'), ('.env', 'env'), ('a/x.', ''), ('PHOTO.JPG', 'JPG'), (null, null)
) as inputs(name, wanted);
select pg_temp.same(format('common prefix of %s below %s', key, prefix), storage.get_common_prefix(key, prefix, delimiter), wanted)
from (values
    ('a/b/c', '', '/', 'a/'), ('a/b/c', 'a/', '/', 'a/b/'), ('a/b/c', 'a', '/', 'a/'), ('a/b/c', 'a/b/', '/', null),
    ('a/b', '', '', null), ('a--b--c', 'a--', '--', 'a--b--'), ('a//b', 'a/', '/', 'a//'), ('a', 'abc', '/', null)
) as inputs(key, prefix, delimiter, wanted);
select pg_temp.same(proname || ' is immutable', provolatile, 'i'::"char")
from pg_proc where pronamespace = 'storage'::regnamespace and proname in ('foldername', 'filename', 'extension');

select pg_temp.put('columns', 'a/b/c');
select pg_temp.same('path_tokens', path_tokens, '{a,b,c}'::text[]) from storage.objects where bucket_id = 'columns';
