-- What applications call: in policies, in triggers, by hand (realtime.md, section 5.4).

-- The topic that a policy is asked about.
create or replace function realtime.topic() returns text
language sql stable as $$
    select nullif(current_setting('realtime.topic', true), '')
$$;

-- Broadcasts a message to a topic. It never fails the caller's transaction; without the right to insert nothing is sent.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql as $$
declare
    message constant uuid := gen_random_uuid();
begin
    perform set_config('realtime.topic', send.topic, true);
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (
        message,
        case
            when jsonb_typeof(send.payload) = 'object' and not send.payload ? 'id'
                then send.payload || jsonb_build_object('id', message)
            else send.payload
        end,
        send.event, send.topic, send.private, 'broadcast');
exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

-- The same with bytes.
create or replace function realtime.send_binary(payload bytea, event text, topic text, private boolean default true) returns void
language plpgsql as $$
begin
    perform set_config('realtime.topic', send_binary.topic, true);
    insert into realtime.messages (id, binary_payload, event, topic, private, extension)
    values (gen_random_uuid(), send_binary.payload, send_binary.event, send_binary.topic, send_binary.private, 'broadcast');
exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

-- Broadcasts the change of a row; for triggers.
create or replace function realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text, table_schema text, new record, old record,
    level text default 'ROW') returns void
language plpgsql as $$
begin
    if level = 'STATEMENT' then
        raise exception 'function can only be triggered for each row, not for each statement';
    end if;
    if operation not in ('INSERT', 'UPDATE', 'DELETE') then
        raise exception 'Unexpected operation type: %', operation;
    end if;
    perform realtime.send(
        jsonb_build_object(
            'old_record', case when operation <> 'INSERT' then to_jsonb(old) end,
            'record', case when operation <> 'DELETE' then to_jsonb(new) end,
            'operation', operation, 'table', table_name, 'schema', table_schema),
        event_name, topic_name);
exception when others then
    raise exception 'Failed to process the row: %', sqlerrm;
end
$$;
