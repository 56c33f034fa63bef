-- The data of a hosted project begins with `set session_replication_role = replica`, so that rows come in without triggers and in
-- any order. Hosted projects let `postgres` do that, who is no superuser there either.

do $$
begin
    execute 'grant set on parameter session_replication_role to postgres';
exception when insufficient_privilege or syntax_error or feature_not_supported or undefined_object then
    raise notice 'postgres may not set session_replication_role: %', sqlerrm;
end
$$;
