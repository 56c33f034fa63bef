-- What happens by itself when rows change (storage.md, section 15).

create or replace function storage.enforce_bucket_name_length() returns trigger
language plpgsql as $$
begin
    if char_length(new.name) > 100 then
        raise exception 'bucket name "%" is too long (% characters). Max is 100.', new.name, char_length(new.name);
    end if;
    return new;
end
$$;

create or replace function storage.update_updated_at_column() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

-- A row that is deleted by hand leaves its blob behind: only who says that it knows what it does may.
create or replace function storage.protect_delete() returns trigger
language plpgsql as $$
begin
    if current_setting('storage.allow_delete_query', true) is distinct from 'true' then
        raise exception using
            errcode = '42501',
            message = 'Direct deletion from storage tables is not allowed. Use the Storage API instead.',
            hint = 'The file would be left behind without a row that knows it.';
    end if;
    return null;
end
$$;

-- For a while the original kept folders as rows of their own; what is left of that only costs time.
do $$
declare
    name text;
begin
    foreach name in array array[
        'objects_insert_create_prefix', 'objects_update_create_prefix', 'objects_delete_delete_prefix', 'objects_delete_cleanup',
        'objects_update_cleanup'
    ] loop
        execute format('drop trigger if exists %I on storage.objects', name);
    end loop;
    foreach name in array array[
        'idx_name_bucket_level_unique', 'objects_bucket_id_level_idx', 'idx_objects_lower_name'
    ] loop
        execute format('drop index if exists storage.%I', name);
    end loop;
end
$$;

create or replace trigger enforce_bucket_name_length_trigger before insert or update of name on storage.buckets
    for each row execute function storage.enforce_bucket_name_length();
create or replace trigger protect_buckets_delete before delete on storage.buckets
    for each statement execute function storage.protect_delete();
create or replace trigger protect_objects_delete before delete on storage.objects
    for each statement execute function storage.protect_delete();
create or replace trigger update_objects_updated_at before update on storage.objects
    for each row execute function storage.update_updated_at_column();
