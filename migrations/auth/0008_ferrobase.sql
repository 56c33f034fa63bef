-- What the original does not have: recovery codes (auth.md, section 24), and the account of wrong codes, which lives in
-- our own schema so that a dump of auth fits the original.

alter type auth.factor_type add value if not exists 'recovery_code';

create table if not exists auth.mfa_recovery_codes (
    id uuid not null constraint mfa_recovery_codes_pkey primary key,
    factor_id uuid not null constraint mfa_recovery_codes_factor_id_fkey references auth.mfa_factors (id) on delete cascade,
    code_hash text not null,
    created_at timestamptz not null,
    used_at timestamptz
);
create index if not exists mfa_recovery_codes_factor_id_idx on auth.mfa_recovery_codes (factor_id);

create index if not exists ferrobase_mfa_challenges_factor_id_idx on auth.mfa_challenges (factor_id);
create index if not exists ferrobase_mfa_factors_unverified_idx on auth.mfa_factors (created_at) where status <> 'verified';

create table if not exists _ferrobase.mfa_guard (
    factor_id uuid primary key references auth.mfa_factors (id) on delete cascade,
    last_step bigint,
    failures integer not null default 0,
    window_started_at timestamptz,
    locked_until timestamptz
);
create table if not exists _ferrobase.mfa_user_guard (
    user_id uuid primary key references auth.users (id) on delete cascade,
    failures integer not null default 0,
    window_started_at timestamptz,
    locked_until timestamptz
);
create table if not exists _ferrobase.mfa_challenge_failures (
    challenge_id uuid primary key references auth.mfa_challenges (id) on delete cascade,
    failures integer not null default 0
);
