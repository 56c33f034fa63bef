-- Which operation runs, for policies that allow some only.
select pg_temp.same('no operation', coalesce(storage.operation(), ''), '');
select pg_temp.same('nothing is allowed without an operation', storage.allow_any_operation('{"",storage.}'), false);
select pg_temp.same('case ' || current || ' ' || expected::text, answer, wanted)
from (values
    ('storage.object.list', '{object.list}'::text[], true), ('storage.object.list', '{storage.object.list}', true),
    ('object.get_authenticated_info', '{storage.object.get_authenticated_info}', true),
    ('storage.object.list', '{object.list_v2,object.sign}', false), ('storage.object.list', '{object.sign,object.list}', true),
    ('storage.object.list', '{}', false), ('storage.object.list', null, false), ('storage.object.list', '{NULL}', false),
    ('storage.object.list_v2', '{object.list}', false)
) as inputs(current, expected, wanted),
    lateral (select set_config('storage.operation', current, true)) as entered(operation),
    lateral (select storage.allow_any_operation(expected) where operation is not null) as asked(answer);
select set_config('storage.operation', 'storage.object.upload', true);
select pg_temp.same('only', storage.allow_only_operation('object.upload'), true);
select pg_temp.same('only another', storage.allow_only_operation('object.delete'), false);
select pg_temp.same('only nothing', storage.allow_only_operation(null), false);
