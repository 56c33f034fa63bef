-- The service's role owns its table and functions; applications, which are postgres, write policies for the table.

do $$
declare
    statement text;
begin
    foreach statement in array array[
        'grant supabase_realtime_admin to postgres',
        'grant usage on schema realtime to anon, authenticated, service_role',
        'alter table realtime.messages owner to supabase_realtime_admin',
        'alter function realtime.topic() owner to supabase_realtime_admin',
        'alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin',
        'alter function realtime.send_binary(bytea, text, text, boolean) owner to supabase_realtime_admin',
        'alter function realtime.broadcast_changes(text, text, text, text, text, record, record, text) owner to supabase_realtime_admin'
    ] loop
        begin
            execute statement;
        exception when insufficient_privilege then
            raise warning 'not done for lack of a privilege: %', statement;
        end;
    end loop;
end
$$;
