// Private channels, broadcasts by SQL and replay, frame by frame (spec §5, §6, §8).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newUser, session } from '../kit/client.mjs'
import { Phoenix } from '../kit/phoenix.mjs'
import { sleep } from '../kit/server.mjs'
import { generous, world } from '../kit/world.mjs'

// Topics say what is allowed in them: "read", "write", "present" (reads presence), "track" (writes it).
const policies = `
  create table public.members (topic text, who uuid);
  grant select on public.members to authenticated;
  create policy "reads broadcasts" on realtime.messages for select to anon, authenticated
    using (extension = 'broadcast' and realtime.topic() like '%read%');
  create policy "reads presence" on realtime.messages for select to anon, authenticated
    using (extension = 'presence' and realtime.topic() like '%present%');
  create policy "writes broadcasts" on realtime.messages for insert to anon, authenticated
    with check (extension = 'broadcast' and realtime.topic() like '%write%' and not private);
  create policy "writes presence" on realtime.messages for insert to anon, authenticated
    with check (extension = 'presence' and realtime.topic() like '%track%');
  create policy "members" on realtime.messages for all to authenticated
    using (exists (select from public.members m where m.topic = realtime.topic() and m.who = (select auth.uid())))
    with check (exists (select from public.members m where m.topic = realtime.topic() and m.who = (select auth.uid())));
  create policy "headers" on realtime.messages for select to anon
    using (realtime.topic() like 'headers%' and current_setting('request.headers', true)::json ->> 'x-tenant' = 'seven');
  create policy "claims" on realtime.messages for select to authenticated
    using (realtime.topic() like 'claims%' and current_setting('request.jwt.claim.sub', true) = auth.uid()::text
      and current_setting('request.jwt.claim.role', true) = 'authenticated');
  create policy "raises" on realtime.messages for all to anon
    using (case when realtime.topic() like 'raises%' then 1 / (length(realtime.topic()) - length(realtime.topic())) = 1 else false end)
    with check (case when realtime.topic() like 'bad read%' then 1 / (length(realtime.topic()) - length(realtime.topic())) = 1 else false end);
  create policy "slow" on realtime.messages for select to anon
    using (case when realtime.topic() like 'slow%' then pg_sleep(30) is not null else false end);
  create table public.items (id int primary key, name text);
  create function public.item_changes() returns trigger language plpgsql security definer as $$
    begin perform realtime.broadcast_changes('items read', tg_op, tg_op, tg_table_name, tg_table_schema, new, old, tg_level); return null; end $$;
  create trigger tells after insert or update or delete on public.items for each row execute function public.item_changes();
`
const config = { ...generous, 'realtime.channel_error_backoff_ms': 300 }
const shared = world({ name: 'realtime-private', config, prepare: ({ database }) => database.rows(policies) })

const sql = (text, parameters) => shared.database.rows(text, parameters)
let topics = 0
/** A topic in which this is allowed. */
const allowing = (...words) => `realtime:${words.join(' ')} ${++topics}`
const nameOf = (topic) => topic.slice('realtime:'.length)
const pause = () => sleep(150)

for (const vsn of ['1.0.0', '2.0.0']) {
  const isOld = vsn === '1.0.0'
  const versioned = (name, run) => test(`${vsn}: ${name}`, run)
  const open = (options) => Phoenix.open(shared.server, { vsn, ...options })

  async function joined(topic, config = {}, options) {
    const phoenix = await open(options)
    const reply = await phoenix.join(topic, { private: true, ...config }, options)
    assert.equal(reply.payload.status, 'ok', JSON.stringify(reply.payload))
    return phoenix
  }
  const refusal = async (topic, config = {}, options) => {
    const phoenix = await open(options)
    const begun = Date.now()
    const { payload } = await phoenix.join(topic, { private: true, ...config }, options)
    assert.equal(payload.status, 'error')
    assert.ok(Date.now() - begun >= 300, 'a refusal takes its time')
    await phoenix.close()
    return payload.response.reason
  }

  versioned('who may read neither may not join', async () => {
    for (const topic of [allowing('nothing'), allowing('write', 'track')]) {
      assert.equal(await refusal(topic), `Unauthorized: You do not have permissions to read from this Channel topic: ${nameOf(topic)}`)
    }
    // Presence alone is enough where the join asks for it, and is not looked at where it does not.
    const present = allowing('present')
    assert.match(await refusal(present), /^Unauthorized: /)
    await (await joined(present, { presence: { enabled: true } })).close()
  })

  versioned('a policy that fails, and one that takes too long, refuse', async () => {
    assert.match(await refusal('realtime:raises'), /^Unauthorized: You do not have permissions to read from this Channel topic: raises$/)
    // Other channels of the socket go on meanwhile.
    const phoenix = await open()
    phoenix.push('realtime:slow', 'phx_join', { config: { private: true } }, { ref: '900', join_ref: '900' })
    assert.equal((await phoenix.join('realtime:quick')).payload.status, 'ok')
    const { payload } = await phoenix.see((frame) => frame.event === 'phx_reply' && frame.ref === '900')
    assert.deepEqual([payload.status, payload.response.reason.split(':')[0]], ['error', 'QueryCanceled'])
    await phoenix.close()
  })

  versioned('policies see claims and the x-headers of the handshake', async () => {
    const { supabase } = await newUser(shared.server)
    const token = (await session(supabase)).access_token
    await (await joined('realtime:claims', {}, { token })).close()
    assert.match(await refusal('realtime:claims'), /^Unauthorized/)
    assert.match(await refusal('realtime:headers'), /^Unauthorized/)
  })

  versioned('broadcasts', async () => {
    const topic = allowing('read', 'write')
    const [one, two] = [await joined(topic, { broadcast: { ack: true, self: true } }), await joined(topic)]
    const reply = await one.ask(topic, 'broadcast', { type: 'broadcast', event: 'e', payload: { a: 1 } })
    assert.deepEqual(reply.payload, { status: 'ok', response: {} })
    for (const phoenix of [one, two]) {
      const { payload } = await phoenix.event(topic, 'broadcast')
      assert.deepEqual(payload, { type: 'broadcast', event: 'e', payload: { a: 1 } })
    }
    // A public channel of the same name is another one.
    const outside = await open()
    await outside.join(topic, { broadcast: { self: true } })
    outside.push(topic, 'broadcast', { event: 'public', payload: {} })
    assert.equal((await outside.event(topic, 'broadcast')).payload.event, 'public')
    await two.settled()
    assert.equal(two.count('broadcast'), 0)
    await Promise.all([one, two, outside].map((phoenix) => phoenix.close()))
  })

  versioned('who may not write is not answered, and who hears presence only hears no broadcast', async () => {
    const readers = allowing('read')
    const reader = await joined(readers, { broadcast: { ack: true, self: true } })
    reader.push(readers, 'broadcast', { event: 'e', payload: {} })
    await pause()
    await reader.settled()
    assert.deepEqual(reader.frames, [], 'neither an answer nor the broadcast')
    const topic = allowing('present', 'write')
    const [dumb, other] = [await joined(topic, { presence: { enabled: true }, broadcast: { self: true, ack: true } }), await joined(topic, { presence: { enabled: true } })]
    assert.equal((await dumb.ask(topic, 'broadcast', { event: 'e', payload: {} })).payload.status, 'ok')
    await pause()
    for (const phoenix of [dumb, other]) {
      await phoenix.settled()
      assert.equal(phoenix.count('broadcast'), 0)
      await phoenix.close()
    }
    await reader.close()
  })

  versioned('presence: state for readers, track for writers', async () => {
    const topic = allowing('read', 'present', 'track')
    const one = await joined(topic, { presence: { enabled: true, key: 'ann' } })
    assert.deepEqual((await one.event(topic, 'presence_state')).payload, {})
    assert.deepEqual((await one.ask(topic, 'presence', { event: 'track', payload: { n: 1 } })).payload, { status: 'ok', response: {} })
    assert.equal((await one.event(topic, 'presence_diff')).payload.joins.ann.metas[0].n, 1)
    const blind = allowing('read', 'track')
    const two = await joined(blind, { presence: { enabled: true } })
    assert.equal((await two.ask(blind, 'presence', { event: 'track', payload: {} })).payload.status, 'ok')
    await two.settled()
    assert.equal(two.count('presence_state') + two.count('presence_diff'), 0, 'who may not read presence hears none')
    const mute = allowing('read', 'present')
    const three = await joined(mute, { presence: { enabled: true } })
    assert.deepEqual((await three.ask(mute, 'presence', { event: 'track', payload: {} })).payload, { status: 'error', response: {} })
    assert.deepEqual((await three.ask(mute, 'presence', { event: 'untrack' })).payload, { status: 'ok', response: {} })
    await Promise.all([one, two, three].map((phoenix) => phoenix.close()))
  })

  versioned('a new token is judged anew', async () => {
    const [ann, bob] = [await newUser(shared.server), await newUser(shared.server)]
    const tokens = await Promise.all([ann, bob].map(async ({ supabase }) => (await session(supabase)).access_token))
    const topic = `realtime:club ${++topics}`
    await sql(`insert into public.members values ('${nameOf(topic)}', '${ann.id}')`)
    const phoenix = await joined(topic, { broadcast: { ack: true } }, { token: tokens[0] })
    assert.equal((await phoenix.ask(topic, 'broadcast', { event: 'e', payload: {} })).payload.status, 'ok')
    // What policies say now does not matter until the token changes.
    await sql(`delete from public.members where topic = '${nameOf(topic)}'`)
    assert.equal((await phoenix.ask(topic, 'broadcast', { event: 'e', payload: {} })).payload.status, 'ok')
    phoenix.push(topic, 'access_token', { access_token: tokens[1] })
    const { payload } = await phoenix.event(topic, 'system')
    assert.deepEqual(payload, {
      extension: 'system', status: 'error', channel: nameOf(topic),
      message: `You do not have permissions to read from this Channel topic: ${nameOf(topic)}`,
    })
    await phoenix.event(topic, 'phx_close')
    await phoenix.close()
  })

  versioned('HTTP: a batch skips what may not be written, a single message is refused', async () => {
    const [allowed, forbidden] = [allowing('read', 'write'), allowing('read')]
    const [one, two] = [await joined(allowed), await joined(forbidden)]
    const url = `${shared.server.apiUrl}/realtime/v1/api/broadcast`
    const headers = { 'content-type': 'application/json', apikey: shared.server.anonKey }
    const messages = [forbidden, allowed].map((topic) => ({ topic: nameOf(topic), event: 'e', payload: { a: 1 }, private: true }))
    const batch = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ messages }) })
    assert.deepEqual([batch.status, await batch.text()], [202, ''])
    assert.deepEqual((await one.event(allowed, 'broadcast')).payload, { type: 'broadcast', event: 'e', payload: { a: 1 } })
    const single = (topic) => fetch(`${url}/${encodeURIComponent(nameOf(topic))}/events/e?private=true`, { method: 'POST', headers, body: '{"b": 2}' })
    assert.equal((await single(allowed)).status, 202)
    const heard = await one.event(allowed, 'broadcast')
    assert.deepEqual(isOld ? heard.payload.payload : heard.payload, { b: 2 })
    const refused = await single(forbidden)
    assert.deepEqual([refused.status, await refused.json()], [403, { message: 'Unauthorized' }])
    assert.equal((await single('realtime:bad read')).status, 422)
    await pause()
    await two.settled()
    assert.equal(two.count('broadcast'), 0)
    await Promise.all([one.close(), two.close()])
  })

  versioned('SQL broadcasts', async () => {
    const topic = allowing('read')
    const phoenix = await joined(topic, { broadcast: { replication_ready: true } })
    const ready = await phoenix.event(topic, 'system')
    assert.deepEqual(ready.payload, { extension: 'system', status: 'ok', message: 'Replication connection established', channel: nameOf(topic) })
    await sql('select realtime.send($1, $2, $3)', [{ n: 1 }, 'counted', nameOf(topic)])
    const sent = await phoenix.event(topic, 'broadcast')
    const payload = isOld ? sent.payload.payload : sent.payload
    const meta = isOld ? sent.payload.meta : sent.meta
    assert.equal(isOld ? sent.payload.event : sent.userEvent, 'counted')
    assert.deepEqual(payload, { n: 1, id: meta.id })
    assert.match(meta.id, /^[0-9a-f]{8}-[0-9a-f]{4}-/)
    // An id of its own stays; a rolled back message is none.
    await sql('begin; select realtime.send(\'{"n": 2}\', \'lost\', \'' + nameOf(topic) + '\'); rollback')
    await sql('select realtime.send($1, $2, $3)', [{ id: 'mine' }, 'own', nameOf(topic)])
    const own = await phoenix.event(topic, 'broadcast')
    assert.equal((isOld ? own.payload.payload : own.payload).id, 'mine')
    // Bytes reach those who can take them.
    await sql('select realtime.send_binary($1, $2, $3), realtime.send($4, $5, $3)', [Buffer.from([0, 255]), 'bytes', nameOf(topic), {}, 'after'])
    const next = await phoenix.event(topic, 'broadcast')
    if (isOld) {
      assert.equal(next.payload.event, 'after')
    } else {
      assert.deepEqual([next.userEvent, next.encoding, [...next.payload]], ['bytes', 0, [0, 255]])
    }
    await phoenix.close()
  })

  versioned('SQL that may not broadcast fails nobody', async () => {
    const topic = allowing('read')
    const phoenix = await joined(topic, { broadcast: { replication_ready: true } })
    await phoenix.event(topic, 'system')
    const notices = []
    const note = (notice) => notices.push(notice.message)
    shared.database.connection.on('notice', note)
    await sql('begin; set local role anon')
    await sql('select realtime.send($1, $2, $3)', [{ n: 1 }, 'e', nameOf(topic)])
    await sql('commit')
    shared.database.connection.off('notice', note)
    assert.match(notices.join(), /WarnSendingBroadcastMessage: /)
    await pause()
    await phoenix.settled()
    assert.equal(phoenix.count('broadcast'), 0)
    assert.deepEqual(await sql("select realtime.topic() as topic, set_config('realtime.topic', 'here', false)"), [{ topic: null, set_config: 'here' }])
    assert.deepEqual(await sql("select realtime.topic() as topic, set_config('realtime.topic', '', false)"), [{ topic: 'here', set_config: '' }])
    await assert.rejects(sql("select realtime.broadcast_changes('t', 'e', 'INSERT', 'items', 'public', null::public.items, null::public.items, 'STATEMENT')"))
    await phoenix.close()
  })

  versioned('broadcast_changes', async () => {
    const topic = 'realtime:items read'
    const phoenix = await joined(topic, { broadcast: { replication_ready: true } })
    await phoenix.event(topic, 'system')
    const id = isOld ? 1 : 2
    await sql(`insert into public.items values (${id}, 'a'); update public.items set name = 'b' where id = ${id}; delete from public.items where id = ${id}`)
    const told = []
    for (let n = 0; n < 3; n++) {
      const { payload } = await phoenix.event(topic, 'broadcast')
      const { id: _, ...rest } = isOld ? payload.payload : payload
      told.push(rest)
    }
    const [a, b] = [{ id, name: 'a' }, { id, name: 'b' }]
    const common = { table: 'items', schema: 'public' }
    assert.deepEqual(told, [
      { ...common, operation: 'INSERT', record: a, old_record: null }, { ...common, operation: 'UPDATE', record: b, old_record: a },
      { ...common, operation: 'DELETE', record: null, old_record: b },
    ])
    await phoenix.close()
  })

  versioned('replay', async () => {
    const topic = allowing('read')
    const name = nameOf(topic)
    const since = Date.now() - 60_000
    for (let n = 1; n <= 30; n++) await sql('select realtime.send($1, $2, $3)', [{ n }, 'counted', name])
    await sql('select realtime.send($1, $2, $3, false)', [{ n: 'public' }, 'counted', name])
    const replayed = async (limit) => {
      const phoenix = await joined(topic, { broadcast: { replay: { since, ...(limit === undefined ? {} : { limit }) } } })
      await phoenix.settled()
      const frames = phoenix.frames.filter((frame) => frame.event === 'broadcast')
      if (!isOld) for (const frame of frames) assert.deepEqual([frame.join_ref, frame.ref], [phoenix.joinRefs[topic], null])
      await phoenix.close()
      return frames.map((frame) => frame.payload)
    }
    const three = await replayed(3)
    assert.deepEqual(three.map(({ payload }) => payload.n), [28, 29, 30], 'the newest, oldest first')
    for (const message of three) {
      assert.deepEqual([message.type, message.event, message.meta.replayed], ['broadcast', 'counted', true])
      assert.match(message.meta.id, /^[0-9a-f-]{36}$/)
    }
    for (const limit of [undefined, 1000]) assert.equal((await replayed(limit)).length, 25)
    assert.equal((await replayed(0)).length, 1)
    assert.deepEqual(await (async () => {
      const phoenix = await joined(topic, { broadcast: { replay: { since: Date.now() + 1000 } } })
      await phoenix.settled()
      const count = phoenix.count('broadcast')
      await phoenix.close()
      return count
    })(), 0)
    assert.equal(await refusal(topic, { broadcast: { replay: { since: 'yesterday' } } }), 'UnableToReplayMessages: Replay params are not valid')
    assert.equal(
      await refusal(topic, { private: false, broadcast: { replay: { since } } }), 'UnableToReplayMessages: Replay is not allowed for public channels')
  })

  versioned('probes leave nothing behind', async () => {
    const before = await sql('select count(*)::int as n from realtime.messages')
    const topic = allowing('read', 'write', 'present', 'track')
    const phoenix = await joined(topic, { presence: { enabled: true }, broadcast: { ack: true } })
    await phoenix.ask(topic, 'broadcast', { event: 'e', payload: {} })
    await phoenix.ask(topic, 'presence', { event: 'track', payload: {} })
    assert.deepEqual(await sql('select count(*)::int as n from realtime.messages'), before)
    await phoenix.close()
  })
}

test('messages: the table and its partitions', async () => {
  const columns = await sql("select column_name as name, data_type as type, is_nullable = 'YES' as nullable from information_schema.columns where table_schema = 'realtime' and table_name = 'messages' order by 1")
  assert.deepEqual(columns.map(({ name, type, nullable }) => `${name} ${type}${nullable ? '' : ' not null'}`), [
    'binary_payload bytea', 'event text', 'extension text not null', 'id uuid not null', 'inserted_at timestamp without time zone not null',
    'payload jsonb', 'private boolean', 'topic text not null', 'updated_at timestamp without time zone not null'])
  const days = await sql("select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'realtime.messages'::regclass order by 1")
  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '_')
  assert.deepEqual(days.map(({ name }) => name), [-1, 0, 1, 2, 3].map((offset) => `messages_${day(offset)}`))
  await assert.rejects(sql("insert into realtime.messages (topic, extension, inserted_at) values ('t', 'broadcast', now() - interval '9 days')"), { code: '23514' })
  await assert.rejects(sql("insert into realtime.messages (topic, extension, payload, binary_payload) values ('t', 'broadcast', '{}', '\\x00')"), { code: '23514' })
})
