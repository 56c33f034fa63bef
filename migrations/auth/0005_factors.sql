-- Second factors, their challenges, and passkeys (auth.md, sections 6.7 and 20).

create table if not exists auth.mfa_factors (
    id uuid not null constraint mfa_factors_pkey primary key,
    user_id uuid not null constraint mfa_factors_user_id_fkey references auth.users (id) on delete cascade,
    friendly_name text,
    factor_type auth.factor_type not null,
    status auth.factor_status not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    secret text,
    phone text,
    -- Unique in the original, over all users. No statement needs that, and it would cost every challenge seven indexes.
    last_challenged_at timestamptz,
    web_authn_credential jsonb,
    web_authn_aaguid uuid,
    last_webauthn_challenge_data jsonb
);
alter table auth.mfa_factors add column if not exists last_webauthn_challenge_data jsonb;
create index if not exists factor_id_created_at_idx on auth.mfa_factors (user_id, created_at);
create index if not exists mfa_factors_user_id_idx on auth.mfa_factors (user_id);
create unique index if not exists mfa_factors_user_friendly_name_unique on auth.mfa_factors (friendly_name, user_id)
    where trim(friendly_name) <> '';
create unique index if not exists unique_phone_factor_per_user on auth.mfa_factors (user_id, phone);

create table if not exists auth.mfa_challenges (
    id uuid not null constraint mfa_challenges_pkey primary key,
    factor_id uuid not null constraint mfa_challenges_auth_factor_id_fkey references auth.mfa_factors (id) on delete cascade,
    created_at timestamptz not null,
    verified_at timestamptz,
    ip_address inet not null,
    otp_code text,
    web_authn_session_data jsonb
);
create index if not exists mfa_challenge_created_at_idx on auth.mfa_challenges (created_at desc);

do $$
begin
    alter table auth.mfa_factors set (fillfactor = 70);
    alter table auth.mfa_challenges set (fillfactor = 50);
exception when insufficient_privilege then
    raise notice 'the fill factors of auth tables stay as they are';
end
$$;

create table if not exists auth.webauthn_credentials (
    id uuid not null default gen_random_uuid() constraint webauthn_credentials_pkey primary key,
    user_id uuid not null constraint webauthn_credentials_user_id_fkey references auth.users (id) on delete cascade,
    credential_id bytea not null,
    public_key bytea not null,
    attestation_type text not null default '',
    aaguid uuid,
    sign_count bigint not null default 0,
    transports jsonb not null default '[]',
    backup_eligible boolean not null default false,
    backed_up boolean not null default false,
    friendly_name text not null default '',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    last_used_at timestamptz
);
create unique index if not exists webauthn_credentials_credential_id_key on auth.webauthn_credentials (credential_id);
create index if not exists webauthn_credentials_user_id_idx on auth.webauthn_credentials (user_id);

create table if not exists auth.webauthn_challenges (
    id uuid not null default gen_random_uuid() constraint webauthn_challenges_pkey primary key,
    user_id uuid constraint webauthn_challenges_user_id_fkey references auth.users (id) on delete cascade,
    challenge_type text not null constraint webauthn_challenges_challenge_type_check
        check (challenge_type in ('signup', 'registration', 'authentication')),
    session_data jsonb not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index if not exists webauthn_challenges_user_id_idx on auth.webauthn_challenges (user_id);
create index if not exists webauthn_challenges_expires_at_idx on auth.webauthn_challenges (expires_at);
