-- Schemas, their owners and who may use them; what new objects grant by themselves (managed-postgres.md, section 6).

create or replace function pg_temp.ferrobase_schema(name text, owner text) returns void
language plpgsql as $$
begin
    if exists (select from pg_namespace where nspname = name) then
        return;
    end if;
    execute format('create schema %I', name);
    begin
        execute format('alter schema %I owner to %I', name, owner);
    exception when insufficient_privilege then
        raise warning 'schema % stays with %', name, current_user;
    end;
exception when insufficient_privilege then
    raise exception using
        errcode = '42501',
        message = format('the login %I may not create schema %I', current_user, name),
        hint = format('run as a superuser: grant create on database %I to %I', current_database(), current_user);
end
$$;

select pg_temp.ferrobase_schema('auth', 'supabase_auth_admin');
select pg_temp.ferrobase_schema('extensions', 'postgres');
select pg_temp.ferrobase_schema('storage', 'supabase_storage_admin');
select pg_temp.ferrobase_schema('realtime', 'supabase_realtime_admin');
select pg_temp.ferrobase_schema('graphql_public', current_user::text);

create or replace function pg_temp.ferrobase_try(statement text) returns void
language plpgsql as $$
begin
    execute statement;
exception when insufficient_privilege or invalid_grant_operation then
    raise warning 'not done for lack of a privilege: %', statement;
end
$$;

-- In the managed cluster applications' migrations run as postgres; somebody else's database keeps its owner.
select pg_temp.ferrobase_try(format('alter database %I owner to postgres', datname))
from pg_database where datname = current_database() and datdba::regrole::text = 'supabase_admin' and current_user = 'supabase_admin';

select pg_temp.ferrobase_try(statement) from unnest(array[
    'grant usage on schema public to postgres, anon, authenticated, service_role',
    'grant all on schema public to postgres',
    'grant usage on schema auth to anon, authenticated, service_role',
    'grant all on schema auth to supabase_auth_admin, dashboard_user, postgres',
    'grant usage on schema extensions to anon, authenticated, service_role',
    'grant all on schema extensions to dashboard_user, postgres',
    'grant usage on schema storage to anon, authenticated, service_role',
    'grant all on schema storage to supabase_storage_admin, dashboard_user, postgres',
    'grant usage on schema realtime to postgres with grant option',
    'grant usage on schema realtime to anon, authenticated, service_role',
    'grant usage on schema graphql_public to anon, authenticated, service_role, postgres',
    'grant usage, create on schema _ferrobase to supabase_auth_admin'
]) as statement;

-- What an application creates in public is open to the API's roles; row level security is what protects it.
select pg_temp.ferrobase_try(format(
        'alter default privileges for role %I in schema %I grant all on %s to %s', creator, schema, kind, grantees))
from (values
    ('postgres', 'public', 'postgres, anon, authenticated, service_role'),
    (current_user::text, 'public', 'postgres, anon, authenticated, service_role'),
    ('postgres', 'storage', 'postgres, anon, authenticated, service_role'),
    (current_user::text, 'graphql_public', 'postgres, anon, authenticated, service_role'),
    ('supabase_auth_admin', 'auth', 'postgres, dashboard_user'),
    (current_user::text, 'realtime', 'postgres, dashboard_user'),
    (current_user::text, 'extensions', 'postgres with grant option')
) as rules(creator, schema, grantees)
cross join unnest(array['tables', 'sequences', 'functions']) as kind;
