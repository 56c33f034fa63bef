-- Messages that the database broadcasts, and for which applications write the policies of private channels (realtime.md, sections
-- 5.4 and 8). One partition for each day in UTC; the service makes them ahead and drops those of the past.

create table if not exists realtime.messages (
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp without time zone not null default now(),
    inserted_at timestamp without time zone not null default now(),
    id uuid not null default gen_random_uuid(),
    binary_payload bytea,
    primary key (id, inserted_at)
) partition by range (inserted_at);

-- Older databases of the original have none.
alter table realtime.messages add column if not exists binary_payload bytea;

do $$
begin
    if not exists (
        select from pg_constraint where conrelid = 'realtime.messages'::regclass and conname = 'messages_payload_exclusive'
    ) then
        alter table realtime.messages add constraint messages_payload_exclusive check (payload is null or binary_payload is null);
    end if;
end
$$;

create index if not exists messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
    where extension = 'broadcast' and private;

alter table realtime.messages enable row level security;

grant select, insert, update on realtime.messages to anon, authenticated, service_role, postgres;

-- Yesterday's partition to that of the day after the day after tomorrow; those of more than three days ago go.
create or replace function _ferrobase.keep_message_partitions() returns void
language plpgsql set search_path = '' as $$
declare
    today constant date := (now() at time zone 'utc')::date;
    wanted date;
    old record;
begin
    -- One process at a time; another one's work is as good.
    if not pg_try_advisory_xact_lock(7382640191735624) then
        return;
    end if;
    for wanted in select generate_series(today - 1, today + 3, interval '1 day')::date loop
        execute format(
            'create table if not exists realtime.%I partition of realtime.messages for values from (%L) to (%L)',
            'messages_' || to_char(wanted, 'YYYY_MM_DD'), wanted, wanted + 1);
        execute format('alter table realtime.%I enable row level security', 'messages_' || to_char(wanted, 'YYYY_MM_DD'));
    end loop;
    for old in
        select child.relname from pg_catalog.pg_inherits
        join pg_catalog.pg_class child on child.oid = inhrelid
        where inhparent = 'realtime.messages'::regclass and child.relname ~ '^messages_\d{4}_\d{2}_\d{2}$'
            and to_date(substr(child.relname, 10), 'YYYY_MM_DD') < today - 3
    loop
        execute format('drop table realtime.%I', old.relname);
    end loop;
end
$$;
revoke execute on function _ferrobase.keep_message_partitions() from public;

select _ferrobase.keep_message_partitions();

do $$
begin
    if not exists (select from pg_publication where pubname = 'supabase_realtime_messages_publication') then
        create publication supabase_realtime_messages_publication for table realtime.messages
            with (publish = 'insert', publish_via_partition_root = true);
    end if;
exception when insufficient_privilege then
    raise warning 'publication supabase_realtime_messages_publication was not made: %', sqlerrm;
end
$$;
