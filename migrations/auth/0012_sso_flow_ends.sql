-- A single sign-on may fix when its session ends (SAML's SessionNotOnOrAfter). With PKCE the session is opened later, when the
-- code is exchanged; the flow's own table has no column for it, and is the original's.
create table if not exists _ferrobase.auth_flow_ends (
    flow_id uuid primary key references auth.flow_state (id) on delete cascade,
    not_after timestamptz not null
);

do $$
begin
    if (select relowner from pg_class where oid = '_ferrobase.auth_flow_ends'::regclass)
        <> 'supabase_auth_admin'::regrole then
        alter table _ferrobase.auth_flow_ends owner to supabase_auth_admin;
    end if;
end
$$;
