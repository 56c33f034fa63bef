// Realtime's part of the database with the official client: private channels, broadcasts by SQL, replay, and changes of tables.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, newUser, ok, password } from '../kit/client.mjs'
import { sleep } from '../kit/server.mjs'
import { generous, world } from '../kit/world.mjs'

const policies = `
  create table public.notes (id int primary key, owner uuid, body text);
  alter table public.notes enable row level security;
  create policy "own notes" on public.notes for select to authenticated using (owner = (select auth.uid()));
  create table public.news (id int primary key, title text);
  create table public.poisoned (id int primary key);
  alter table public.poisoned enable row level security;
  create policy "raises" on public.poisoned for select using ((1 / (id - id)) = 1);
  alter publication supabase_realtime add table public.notes, public.news, public.poisoned;
  create policy "members read" on realtime.messages for select to authenticated
    using (realtime.topic() = 'club' and extension in ('broadcast', 'presence'));
  create policy "members write" on realtime.messages for insert to authenticated
    with check (realtime.topic() = 'club' and extension = 'broadcast');
  create policy "raising" on realtime.messages for select to authenticated using (case when realtime.topic() = 'raises' then length(realtime.topic()) / (length(realtime.topic()) - 6) = 1 end);
  create function public.told() returns trigger language plpgsql security definer as $$
    begin perform realtime.broadcast_changes('club', tg_op, tg_op, tg_table_name, tg_table_schema, new, old); return null; end $$;
  create trigger tells after insert or update or delete on public.news for each row execute function public.told();
`
const shared = world({
  name: 'realtime-database', config: { ...generous, 'realtime.channel_error_backoff_ms': 50 },
  prepare: ({ database }) => database.rows(policies),
})

/** What happens, in the order in which it happens. */
function recorder() {
  const seen = []
  const until = async (fits, patience = 10_000) => {
    const end = Date.now() + patience
    for (;;) {
      const at = seen.findIndex(fits)
      if (at >= 0) return seen.splice(at, 1)[0]
      if (Date.now() > end) throw new Error(`not seen: ${fits}; seen: ${JSON.stringify(seen).slice(0, 1500)}`)
      await sleep(10)
    }
  }
  return { seen, note: (value) => seen.push(value), until }
}

const subscribed = (channel) => new Promise((done, failed) => {
  channel.subscribe((status, error) => {
    if (status === 'SUBSCRIBED') done(channel)
    else failed(error ?? new Error(status))
  })
})
const sql = (text) => shared.database.rows(text)

async function member(vsn) {
  const app = client(shared.server, { realtime: { vsn } })
  const { email, id } = await newUser(shared.server)
  ok(await app.auth.signInWithPassword({ email, password }))
  await app.realtime.setAuth()
  return { app, user: { id } }
}

/** A subscription that is told that it is one. */
async function listening(app, name, wish) {
  const heard = recorder()
  const channel = app.channel(name)
    .on('postgres_changes', wish, heard.note)
    .on('system', {}, (message) => heard.note({ system: message }))
  await subscribed(channel)
  await heard.until((entry) => entry.system?.extension === 'postgres_changes' && entry.system.status === 'ok')
  return heard
}

for (const vsn of ['1.0.0', '2.0.0']) {
  const versioned = (name, run) => test(`${vsn}: ${name}`, run)

  versioned('private channels are for those whom policies let in', async () => {
    const { app } = await member(vsn)
    const stranger = client(shared.server, { realtime: { vsn } })
    const heard = recorder()
    const channel = await subscribed(
      app.channel('club', { config: { private: true, broadcast: { self: true, ack: true } } }).on('broadcast', { event: '*' }, heard.note))
    assert.equal(await channel.send({ type: 'broadcast', event: 'hello', payload: { from: 'me' } }), 'ok')
    assert.deepEqual((await heard.until((entry) => entry.event === 'hello')).payload, { from: 'me' })
    // Presence may be read and not written.
    assert.notEqual(await channel.track({ here: true }), 'ok')
    await assert.rejects(subscribed(stranger.channel('club', { config: { private: true } })), /Unauthorized/)
    await assert.rejects(subscribed(app.channel('other', { config: { private: true } })), /Unauthorized/)
    await assert.rejects(subscribed(app.channel('raises', { config: { private: true } })))
    await stranger.removeAllChannels()
    await app.removeAllChannels()
  })

  versioned('SQL broadcasts, and a late comer is told what was', async () => {
    const { app } = await member(vsn)
    const since = Date.now() - 1000
    const heard = recorder()
    await subscribed(app.channel('club', { config: { private: true, broadcast: { replication_ready: true } } })
      .on('broadcast', { event: '*' }, heard.note).on('system', {}, (message) => heard.note({ system: message })))
    await heard.until((entry) => entry.system?.message === 'Replication connection established')
    await sql("select realtime.send('{\"n\": 1}', 'counted', 'club')")
    const counted = await heard.until((entry) => entry.event === 'counted')
    assert.equal(counted.payload.n, 1)
    assert.match(counted.payload.id, /^[0-9a-f-]{36}$/)
    await sql(`insert into public.news values (${vsn === '1.0.0' ? 1 : 2}, 'told')`)
    const told = await heard.until((entry) => entry.event === 'INSERT')
    assert.deepEqual([told.payload.table, told.payload.operation, told.payload.record.title], ['news', 'INSERT', 'told'])
    // Public topics too, and nobody else.
    const open = recorder()
    const other = client(shared.server, { realtime: { vsn } })
    await subscribed(other.channel('open').on('broadcast', { event: '*' }, open.note))
    await sql("select realtime.send('{\"n\": 2}', 'counted', 'open', false), realtime.send('{\"n\": 3}', 'counted', 'open', true)")
    assert.equal((await open.until((entry) => entry.event === 'counted')).payload.n, 2)

    const late = recorder()
    const { app: second } = await member(vsn)
    await subscribed(second.channel('club', { config: { private: true, broadcast: { replay: { since, limit: 25 } } } })
      .on('broadcast', { event: '*' }, late.note))
    const again = await late.until((entry) => entry.event === 'counted')
    assert.equal(again.meta?.replayed, true)
    await Promise.all([app, other, second].map((one) => one.removeAllChannels()))
  })

  versioned('changes of tables, under their policies', async () => {
    const [{ app: ann, user }, { app: bob }] = [await member(vsn), await member(vsn)]
    const anyone = client(shared.server, { realtime: { vsn } })
    const [mine, his, news, poisoned] = [
      await listening(ann, 'a', { event: '*', schema: 'public', table: 'notes' }),
      await listening(bob, 'b', { event: '*', schema: 'public', table: 'notes' }),
      await listening(anyone, 'c', { event: 'INSERT', schema: 'public', table: 'news', filter: 'title=eq.wanted' }),
      await listening(anyone, 'd', { event: '*', schema: 'public', table: 'poisoned' }),
    ]
    const id = vsn === '1.0.0' ? 100 : 200
    await sql(`
      insert into public.notes values (${id}, '${user.id}', 'a'), (${id + 1}, gen_random_uuid(), 'nobody''s');
      update public.notes set body = 'b' where id = ${id};
      insert into public.poisoned values (${id});
      insert into public.news values (${id}, 'unwanted'), (${id + 1}, 'wanted')`)
    const inserted = await mine.until((entry) => entry.eventType === 'INSERT')
    assert.deepEqual(inserted.new, { id, owner: user.id, body: 'a' })
    const updated = await mine.until((entry) => entry.eventType === 'UPDATE')
    assert.deepEqual([updated.new.body, updated.old], ['b', { id }])
    await sql(`delete from public.notes where id = ${id}`)
    assert.deepEqual((await mine.until((entry) => entry.eventType === 'DELETE')).old, { id })
    assert.deepEqual((await his.until((entry) => entry.eventType === 'DELETE')).old, { id })
    assert.deepEqual((await news.until((entry) => entry.eventType === 'INSERT')).new, { id: id + 1, title: 'wanted' })
    assert.ok(![...mine.seen, ...his.seen].some((entry) => entry.new?.id === id + 1), 'a row of somebody else was told')
    assert.equal(his.seen.filter((entry) => entry.eventType === 'INSERT').length, 0)
    await poisoned.until((entry) => entry.system?.status === 'error')
    // The others go on.
    await sql(`insert into public.notes values (${id + 5}, '${user.id}', 'later')`)
    assert.equal((await mine.until((entry) => entry.eventType === 'INSERT')).new.body, 'later')
    await Promise.all([ann, bob, anyone].map((one) => one.removeAllChannels()))
  })
}
