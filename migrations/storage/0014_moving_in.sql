-- A dump of the original's rows has its list of migrations as well, and all of them are in this one already: rows that are known
-- are passed over instead of ending the restore. `always`, because restores turn other triggers off.

create or replace function storage.ferrobase_known_migration() returns trigger
language plpgsql as $$
begin
    if exists (select from storage.migrations m where m.id = new.id or m.name = new.name) then
        return null;
    end if;
    return new;
end
$$;

create or replace trigger ferrobase_known_migration before insert on storage.migrations
    for each row execute function storage.ferrobase_known_migration();
alter table storage.migrations enable always trigger ferrobase_known_migration;
do $$
begin
    if (select proowner from pg_proc where oid = 'storage.ferrobase_known_migration()'::regprocedure) = current_user::regrole then
        alter function storage.ferrobase_known_migration() owner to supabase_storage_admin;
    end if;
end
$$;

-- The rows of folders that nothing keeps up to date any more must not hold their bucket.
do $$
begin
    if to_regclass('storage.prefixes') is not null then
        execute 'alter table storage.prefixes drop constraint if exists "prefixes_bucketId_fkey"';
    end if;
end
$$;
