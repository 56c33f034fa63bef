-- The roles of a Supabase database (managed-postgres.md, section 6). A login without superuser makes what it may; what
-- only a superuser can give (BYPASSRLS, REPLICATION) is then left out with a warning.

do $$
begin
    if not (select rolsuper or rolcreaterole from pg_roles where rolname = current_user)
       and (select count(*) from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'supabase_auth_admin')) < 4
    then
        raise exception using
            errcode = '42501',
            message = format('the login %I may not create roles', current_user),
            hint = format('run as a superuser: alter role %I createrole', current_user);
    end if;
end
$$;

create or replace function pg_temp.ferrobase_role(name text, attributes text, privileged text default '') returns void
language plpgsql as $$
begin
    if exists (select from pg_roles where rolname = name) then
        return;
    end if;
    execute format('create role %I %s', name, attributes);
    if privileged <> '' then
        begin
            execute format('alter role %I %s', name, privileged);
        exception when insufficient_privilege then
            raise warning 'role % stays without %: only a superuser can give it', name, privileged;
        end;
    end if;
end
$$;

select pg_temp.ferrobase_role('postgres', 'login createdb createrole', 'replication bypassrls');
select pg_temp.ferrobase_role('anon', 'nologin inherit');
select pg_temp.ferrobase_role('authenticated', 'nologin inherit');
select pg_temp.ferrobase_role('service_role', 'nologin inherit', 'bypassrls');
select pg_temp.ferrobase_role('authenticator', 'login noinherit');
select pg_temp.ferrobase_role('supabase_auth_admin', 'login noinherit createrole');
select pg_temp.ferrobase_role('supabase_storage_admin', 'login noinherit createrole');
select pg_temp.ferrobase_role('supabase_realtime_admin', 'nologin noinherit');
select pg_temp.ferrobase_role('supabase_replication_admin', 'login', 'replication');
select pg_temp.ferrobase_role('supabase_read_only_user', 'login', 'bypassrls');
select pg_temp.ferrobase_role('dashboard_user', 'nologin createdb createrole', 'replication');

create or replace function pg_temp.ferrobase_try(statement text) returns void
language plpgsql as $$
begin
    execute statement;
exception when insufficient_privilege or invalid_grant_operation then
    raise warning 'not done for lack of a privilege: %', statement;
end
$$;

do $$
declare
    granted text[];
begin
    foreach granted slice 1 in array array[
        ['anon', 'authenticator'], ['authenticated', 'authenticator'], ['service_role', 'authenticator'],
        ['authenticator', 'supabase_storage_admin'],
        ['anon', 'postgres'], ['authenticated', 'postgres'], ['service_role', 'postgres'],
        ['supabase_auth_admin', 'postgres'], ['supabase_storage_admin', 'postgres'], ['supabase_realtime_admin', 'postgres'],
        ['pg_read_all_data', 'postgres'], ['pg_monitor', 'postgres'], ['pg_signal_backend', 'postgres'],
        ['pg_read_all_data', 'supabase_read_only_user']
    ] loop
        if current_user <> granted[2] and not exists (
            select from pg_auth_members m
            where m.roleid = granted[1]::regrole and m.member = granted[2]::regrole
        ) then
            perform pg_temp.ferrobase_try(format('grant %I to %I', granted[1], granted[2]));
        end if;
    end loop;
    -- The services work as these roles; a login that is not a superuser has to be a member.
    foreach granted slice 1 in array array[['supabase_auth_admin', current_user], ['authenticator', current_user]] loop
        if not pg_has_role(current_user, granted[1], 'member') then
            begin
                execute format('grant %I to %I', granted[1], granted[2]);
            exception when insufficient_privilege then
                raise exception using
                    errcode = '42501',
                    message = format('the login %I is not a member of %I', granted[2], granted[1]),
                    hint = format('run as a superuser: grant %I to %I', granted[1], granted[2]);
            end;
        end if;
    end loop;
end
$$;

select pg_temp.ferrobase_try(statement) from unnest(array[
    'alter role anon set statement_timeout = ''3s''',
    'alter role authenticated set statement_timeout = ''8s''',
    'alter role authenticator set statement_timeout = ''8s''',
    'alter role authenticator set lock_timeout = ''8s''',
    'alter role postgres set search_path = "$user", public, extensions',
    'alter role supabase_auth_admin set search_path = auth',
    'alter role supabase_auth_admin set idle_in_transaction_session_timeout = ''60s''',
    'alter role supabase_storage_admin set search_path = storage'
]) as statement;
