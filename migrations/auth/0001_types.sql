-- Types of the auth schema (auth.md, section 20).

create or replace function pg_temp.ferrobase_enum(name text, variadic labels text[]) returns void
language plpgsql as $$
begin
    if to_regtype('auth.' || name) is null then
        execute format(
            'create type auth.%I as enum (%s)', name, (select string_agg(quote_literal(label), ', ') from unnest(labels) as label));
        execute format('alter type auth.%I owner to supabase_auth_admin', name);
    end if;
end
$$;

select pg_temp.ferrobase_enum('aal_level', 'aal1', 'aal2', 'aal3');
select pg_temp.ferrobase_enum('factor_type', 'totp', 'webauthn', 'phone');
select pg_temp.ferrobase_enum('factor_status', 'unverified', 'verified');
select pg_temp.ferrobase_enum('code_challenge_method', 's256', 'plain');
select pg_temp.ferrobase_enum(
    'one_time_token_type', 'confirmation_token', 'reauthentication_token', 'recovery_token', 'email_change_token_new',
    'email_change_token_current', 'phone_change_token');
select pg_temp.ferrobase_enum('oauth_authorization_status', 'pending', 'approved', 'denied', 'expired');
select pg_temp.ferrobase_enum('oauth_client_type', 'public', 'confidential');
select pg_temp.ferrobase_enum('oauth_registration_type', 'dynamic', 'manual');
select pg_temp.ferrobase_enum('oauth_response_type', 'code');
