-- Sessions, refresh tokens and the flows that lead to them (auth.md, section 20).

create table if not exists auth.sessions (
    id uuid not null constraint sessions_pkey primary key,
    user_id uuid not null constraint sessions_user_id_fkey references auth.users (id) on delete cascade,
    created_at timestamptz,
    updated_at timestamptz,
    factor_id uuid,
    aal auth.aal_level,
    not_after timestamptz,
    refreshed_at timestamp,
    user_agent text,
    ip inet,
    tag text,
    oauth_client_id uuid constraint sessions_oauth_client_id_fkey references auth.oauth_clients (id) on delete cascade,
    refresh_token_hmac_key text,
    refresh_token_counter bigint,
    scopes text constraint sessions_scopes_length check (char_length(scopes) <= 4096)
);
-- A database that an older Supabase made lacks the newer columns.
alter table auth.sessions
    add column if not exists oauth_client_id uuid
        constraint sessions_oauth_client_id_fkey references auth.oauth_clients (id) on delete cascade,
    add column if not exists refresh_token_hmac_key text,
    add column if not exists refresh_token_counter bigint,
    add column if not exists scopes text constraint sessions_scopes_length check (char_length(scopes) <= 4096);
create index if not exists sessions_user_id_idx on auth.sessions (user_id);
create index if not exists user_id_created_at_idx on auth.sessions (user_id, created_at);
create index if not exists sessions_not_after_idx on auth.sessions (not_after desc);
create index if not exists sessions_oauth_client_id_idx on auth.sessions (oauth_client_id);

create table if not exists auth.refresh_tokens (
    instance_id uuid,
    id bigserial not null constraint refresh_tokens_pkey primary key,
    token varchar(255) constraint refresh_tokens_token_unique unique,
    user_id varchar(255),
    revoked boolean,
    created_at timestamptz,
    updated_at timestamptz,
    parent varchar(255),
    session_id uuid constraint refresh_tokens_session_id_fkey references auth.sessions (id) on delete cascade
);
-- The original's indexes on instance_id (the same in every row), on the time and on "revoked" are left out: with them
-- every refresh has to touch every index twice. Without them, and with room left on the page, revoking a token touches none.
-- The newest token of a session, which is the active one, is found by the index on session and id.
create index if not exists refresh_tokens_parent_idx on auth.refresh_tokens (parent);
create index if not exists ferrobase_refresh_tokens_session_idx on auth.refresh_tokens (session_id, id desc);

do $$
begin
    -- Room for new versions of rows on their own page: a token is changed once in its life, a session at every refresh.
    alter table auth.refresh_tokens set (fillfactor = 50);
    alter table auth.sessions set (fillfactor = 70);
exception when insufficient_privilege then
    raise notice 'the fill factors of auth tables stay as they are';
end
$$;

create table if not exists auth.mfa_amr_claims (
    session_id uuid not null constraint mfa_amr_claims_session_id_fkey references auth.sessions (id) on delete cascade,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    authentication_method text not null,
    id uuid not null constraint amr_id_pk primary key,
    constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method)
);

create table if not exists auth.flow_state (
    id uuid not null constraint flow_state_pkey primary key,
    user_id uuid,
    auth_code text,
    code_challenge_method auth.code_challenge_method,
    code_challenge text,
    provider_type text not null,
    provider_access_token text,
    provider_refresh_token text,
    created_at timestamptz,
    updated_at timestamptz,
    authentication_method text not null,
    auth_code_issued_at timestamptz,
    invite_token text,
    referrer text,
    oauth_client_state_id uuid,
    linking_target_id uuid,
    email_optional boolean not null default false
);
alter table auth.flow_state
    add column if not exists invite_token text,
    add column if not exists referrer text,
    add column if not exists oauth_client_state_id uuid,
    add column if not exists linking_target_id uuid,
    add column if not exists email_optional boolean not null default false;
create index if not exists idx_auth_code on auth.flow_state (auth_code);
create index if not exists idx_user_id_auth_method on auth.flow_state (user_id, authentication_method);
create index if not exists flow_state_created_at_idx on auth.flow_state (created_at desc);
