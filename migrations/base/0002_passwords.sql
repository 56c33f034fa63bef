-- Passwords of the roles that people and tools log in as over TCP; only on the managed cluster.

alter role postgres password :database_password;
alter role authenticator password :database_password;
alter role supabase_auth_admin password :database_password;
alter role supabase_storage_admin password :database_password;
-- Of a cluster that was copied it is still that of the template, which nobody knows.
alter role supabase_admin password :database_password;
