-- Kinds of buckets (storage.md, section 15), and the right to hand everything that follows to the service's role.

do $$
begin
    if not pg_has_role(current_user, 'supabase_storage_admin', 'member') then
        begin
            execute format('grant supabase_storage_admin to %I', current_user);
        exception when insufficient_privilege then
            raise exception using
                errcode = '42501',
                message = format('the login %I is not a member of supabase_storage_admin', current_user),
                hint = format('run as a superuser: grant supabase_storage_admin to %I', current_user);
        end;
    end if;
    if to_regtype('storage.buckettype') is null then
        create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
        alter type storage.buckettype owner to supabase_storage_admin;
    end if;
end
$$;
-- A database that an older Supabase made lacks the newer kinds.
alter type storage.buckettype add value if not exists 'ANALYTICS';
alter type storage.buckettype add value if not exists 'VECTOR';
