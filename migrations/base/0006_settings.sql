-- Settings that SQL of an application may read.

do $$
begin
    execute format('alter database %I set app.settings.jwt_secret = %L', current_database(), :jwt_secret);
    execute format('alter database %I set app.settings.jwt_exp = %L', current_database(), :jwt_exp);
exception when insufficient_privilege then
    raise warning 'app.settings.* were not set: %', sqlerrm;
end
$$;
