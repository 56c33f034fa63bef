-- The publication that realtime listens to; an application adds its tables. Owned by postgres so that it can.

do $$
begin
    if not exists (select from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
        begin
            alter publication supabase_realtime owner to postgres;
        exception when insufficient_privilege then
            raise warning 'publication supabase_realtime stays with %', current_user;
        end;
    end if;
exception when insufficient_privilege then
    raise warning 'publication supabase_realtime was not made: %', sqlerrm;
end
$$;
