-- The service owns its tables. Row level security without policies keeps everybody else out of them, whatever is granted
-- (auth.md, section 20).

do $$
declare
    relation record;
begin
    for relation in
        select n.nspname as schema, c.relname as name, c.relkind as kind
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where (n.nspname = 'auth' or (n.nspname = '_ferrobase' and c.relname like 'mfa\_%'))
            and c.relkind = 'r' and c.relowner <> 'supabase_auth_admin'::regrole
    loop
        begin
            execute format('alter table %I.%I owner to supabase_auth_admin', relation.schema, relation.name);
        exception when insufficient_privilege then
            raise exception using
                errcode = '42501',
                message = format('table %I.%I does not belong to supabase_auth_admin', relation.schema, relation.name),
                hint = format('run as a superuser: alter table %I.%I owner to supabase_auth_admin', relation.schema, relation.name);
        end;
    end loop;
    for relation in
        select p.oid::regprocedure as name from pg_proc p
        where p.pronamespace = 'auth'::regnamespace and p.proowner = current_user::regrole
            and p.proname in ('uid', 'role', 'email', 'jwt') and p.pronargs = 0
    loop
        execute format('alter function %s owner to supabase_auth_admin', relation.name);
    end loop;
end
$$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'schema_migrations', 'instances', 'users', 'audit_log_entries', 'saml_relay_states', 'refresh_tokens', 'mfa_challenges',
        'sso_domains', 'sso_providers', 'mfa_amr_claims', 'saml_providers', 'mfa_factors', 'sessions', 'flow_state', 'identities',
        'one_time_tokens', 'mfa_recovery_codes'
    ] loop
        if not (select relrowsecurity from pg_class where oid = ('auth.' || name)::regclass) then
            execute format('alter table auth.%I enable row level security', name);
        end if;
    end loop;
end
$$;

grant all on all tables in schema auth to postgres, dashboard_user;
grant all on all sequences in schema auth to postgres, dashboard_user;
grant execute on all functions in schema auth to postgres, dashboard_user, anon, authenticated, service_role;
