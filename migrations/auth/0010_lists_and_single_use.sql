-- The administrators' list of users is read newest first and counted per audience; the audit log is read newest first.
create index if not exists ferrobase_users_aud_created_at_idx on auth.users (aud, created_at desc, id);
create index if not exists ferrobase_audit_log_entries_created_at_idx on auth.audit_log_entries (created_at desc, id);

-- What may be used once and has no row of its own to be deleted: assertions of identity providers, signed wallet messages.
-- `digest` is a hash; a row is worthless, and removed, once what it stands for could not be accepted any more.
create table if not exists _ferrobase.auth_single_use (
    kind text not null,
    digest bytea not null,
    expires_at timestamptz not null,
    primary key (kind, digest)
);
create index if not exists auth_single_use_expires_at_idx on _ferrobase.auth_single_use (expires_at);

do $$
begin
    if (select relowner from pg_class where oid = '_ferrobase.auth_single_use'::regclass)
        <> 'supabase_auth_admin'::regrole then
        alter table _ferrobase.auth_single_use owner to supabase_auth_admin;
    end if;
end
$$;
