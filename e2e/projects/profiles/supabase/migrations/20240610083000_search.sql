-- Search by name, with what extensions give, and a job of the database that is told of.
create extension if not exists pg_trgm with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;
create index profiles_full_name_trigrams on public.profiles using gin (full_name extensions.gin_trgm_ops);

create or replace function public.find_profiles(term text)
returns setof public.profiles
language sql stable
set search_path = public, extensions
as $$ select * from profiles where full_name % term order by similarity(full_name, term) desc $$;

create or replace view public.profile_names with (security_invoker = true) as
  select id, coalesce(username, full_name, 'somebody') as name from public.profiles;

alter default privileges for role supabase_admin in schema public grant select on tables to anon;
comment on extension pg_trgm is 'names that are nearly right';
