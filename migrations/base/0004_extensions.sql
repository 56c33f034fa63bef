-- Extensions that applications rely on. A missing one is told and left out: not every server has the contrib modules.

do $$
declare
    wanted text;
begin
    foreach wanted in array array['uuid-ossp', 'pgcrypto', 'pg_stat_statements'] loop
        begin
            if not exists (select from pg_extension where extname = wanted) then
                execute format('create extension %I with schema extensions', wanted);
            end if;
        exception
            when insufficient_privilege then
                raise warning 'extension % is not there and the login may not create it', wanted;
            when undefined_file or feature_not_supported then
                raise warning 'extension % is not installed on this server', wanted;
        end;
    end loop;
end
$$;
