-- How often a one-time code was guessed at for an address, known or not. `subject` is a hash of the address; a row is
-- worthless, and removed, once its window is over.
create table if not exists _ferrobase.auth_code_guesses (
    subject bytea primary key,
    attempts integer not null,
    window_started_at timestamptz not null
);
create index if not exists auth_code_guesses_window_started_at_idx on _ferrobase.auth_code_guesses (window_started_at);

do $$
begin
    if (select relowner from pg_class where oid = '_ferrobase.auth_code_guesses'::regclass)
        <> 'supabase_auth_admin'::regrole then
        alter table _ferrobase.auth_code_guesses owner to supabase_auth_admin;
    end if;
end
$$;
