-- The project's owner may change the data API's settings: alter role authenticator set pgrst.db_max_rows = '100'.
-- PostgreSQL 14 lets every role that may alter the login do so; 15 asks for a grant on each setting, 16 for the right to
-- administer the login too.

do $$
declare
    setting text;
begin
    if current_setting('server_version_num')::int >= 150000 then
        foreach setting in array array[
            'client_error_verbosity', 'db_aggregates_enabled', 'db_anon_role', 'db_extra_search_path',
            'db_hoisted_tx_settings', 'db_max_rows', 'db_plan_enabled', 'db_pre_config', 'db_pre_request', 'db_root_spec',
            'db_safe_update', 'db_schemas', 'db_tx_end', 'jwt_role_claim_key', 'openapi_mode', 'openapi_security_active',
            'openapi_server_proxy_uri', 'server_cors_allowed_origins', 'server_timing_enabled', 'server_trace_header',
            'url_use_legacy_target_names'
        ] loop
            execute format('grant set on parameter pgrst.%I to postgres', setting);
        end loop;
    end if;
    if current_setting('server_version_num')::int >= 160000 and current_user <> 'postgres' then
        execute 'grant authenticator to postgres with admin true, inherit false, set false';
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise warning 'postgres may not change the settings of the data API: only a superuser can allow it';
end
$$;
