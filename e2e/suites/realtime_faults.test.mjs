// What subscribers of changes see when things break: PostgreSQL, the replication connection, the server, a reader, the network.
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import pg from 'pg'
import { client } from '../kit/client.mjs'
import { Database } from '../kit/database.mjs'
import { Phoenix } from '../kit/phoenix.mjs'
import { makeProject, postmaster, sleep, startServer } from '../kit/server.mjs'
import { assertNoPanic, generous, world } from '../kit/world.mjs'

const tables = `
  create table public.counted (id bigint primary key, note text);
  create table public.guarded (id bigint primary key, note text);
  alter table public.guarded enable row level security;
  create policy "all" on public.guarded for select to anon using (true);
  create table public.poisoned (id bigint primary key);
  alter table public.poisoned enable row level security;
  create policy "fails" on public.poisoned for select to anon using (1 / (id - id) = 1);
  create policy "members" on realtime.messages for select to anon using (true);
  alter publication supabase_realtime add table public.counted, public.guarded, public.poisoned;
`
const shared = world({ name: 'realtime-faults', config: { ...generous, 'realtime.max_send_queue': '2MiB' }, prepare: ({ database }) => database.rows(tables) })
let topics = 0
let ids = 0

/** A subscription of these tables that stands; `told` grows. */
async function listen(names, { server = shared.server } = {}) {
  const phoenix = await Phoenix.open(server)
  const topic = `realtime:faults ${++topics}`
  await phoenix.join(topic, { postgres_changes: names.map((table) => ({ event: '*', schema: 'public', table })) })
  await phoenix.see((frame) => frame.event === 'system' && frame.payload.status === 'ok')
  const told = () => phoenix.frames.filter((frame) => frame.event === 'postgres_changes').map((frame) => Number(frame.payload.data.record.id))
  return { phoenix, topic, told, errors: () => phoenix.frames.filter((frame) => frame.event === 'system') }
}

async function until(what, fits, patience = 30_000) {
  const end = Date.now() + patience
  for (;;) {
    if (await fits()) return
    if (Date.now() > end) throw new Error(`${what} did not come`)
    await sleep(20)
  }
}

/** Inserts one row after the other, through whatever happens, and says which were committed; those in doubt are looked up at the end. */
function writer(table) {
  let goes = true
  const begun = ids
  const run = (async () => {
    let connection
    while (goes) {
      try {
        connection ??= await connected()
        await connection.query(`insert into public.${table} values ($1, 'n')`, [++ids])
      } catch {
        connection?.end().catch(() => {})
        connection = undefined
        await sleep(20)
      }
    }
    await connection?.end()
  })()
  return async () => {
    goes = false
    await run
    let rows
    await until('the database', async () => {
      const connection = await connected().catch(() => undefined)
      rows = await connection?.query(`select id from public.${table} where id > $1 order by id`, [begun]).catch(() => undefined)
      await connection?.end().catch(() => {})
      return rows
    })
    return rows.rows.map(({ id }) => Number(id))
  }
}

async function connected() {
  const connection = new pg.Client({ connectionString: shared.server.dbUrl, connectionTimeoutMillis: 2000 })
  connection.on('error', () => {})
  await connection.connect()
  return connection
}

const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${shared.server.pid}/status`, 'utf8'))[1]) / 1024

async function nothingIsLost(table, harm) {
  const ears = [await listen([table]), await listen([table])]
  const stop = writer(table)
  let committed
  try {
    await until('the first change', () => ears[0].told().length > 20)
    await harm()
    const before = ids
    await until('changes after it', () => ids > before + 20)
  } finally {
    committed = await stop()
  }
  for (const ear of ears) {
    await until('the last change', () => ear.told().at(-1) === committed.at(-1))
    assert.deepEqual(ear.told(), committed, 'all that was committed, once and in order')
    assert.deepEqual(ear.errors(), [])
    await ear.phoenix.close()
  }
}

for (const table of ['counted', 'guarded']) {
  test(`${table}: the replication connection is cut, three times`, () => nothingIsLost(table, async () => {
    for (let n = 0; n < 3; n++) {
      await until('a connection that can be cut', async () => {
        const [slot] = await shared.database.rows("select active_pid as pid from pg_replication_slots where slot_name like 'ferrobase_realtime_%' and active")
        return slot && process.kill(slot.pid, 'SIGTERM')
      })
      await sleep(100)
    }
  }))
}

test('a policy that fails is its own subscriber\'s trouble', async () => {
  const [bad, good] = [await listen(['poisoned', 'counted']), await listen(['counted'])]
  const begun = ids
  await shared.database.rows(`
    insert into public.counted select n, 'a' from generate_series(${begun + 1}, ${begun + 50}) as n;
    insert into public.poisoned select n from generate_series(1, 50) as n;
    insert into public.counted select n, 'b' from generate_series(${begun + 51}, ${begun + 100}) as n`)
  ids += 100
  const all = Array.from({ length: 100 }, (_, n) => begun + 1 + n)
  await until('the changes', () => good.told().length === 100)
  assert.deepEqual(good.told(), all)
  // It is told what it missed, and goes on with the rest.
  await until('its own changes', () => bad.told().length === 100)
  assert.deepEqual(bad.told(), all)
  await until('its errors', () => bad.errors().length > 0)
  for (const { payload } of bad.errors()) assert.deepEqual([payload.status, payload.extension], ['error', 'postgres_changes'])
  await Promise.all([bad.phoenix.close(), good.phoenix.close()])
})

for (const table of ['counted', 'guarded']) test(`${table}: 100,000 rows in one transaction, in bounded memory`, async () => {
  const ear = await listen([table])
  const before = resident()
  let most = before
  const look = setInterval(() => { most = Math.max(most, resident()) }, 20)
  const begun = ids
  await shared.database.rows(`insert into public.${table} select n, 'many' from generate_series(${begun + 1}, ${begun + 100_000}) as n`)
  ids += 100_000
  await until('all rows', () => ear.phoenix.frames.length >= 100_000 || ear.phoenix.closeCode || ear.errors().length > 0, 60_000)
  clearInterval(look)
  const told = ear.told()
  assert.deepEqual(ear.errors(), [])
  assert.equal(told.length, 100_000)
  assert.ok(told.every((id, index) => id === begun + 1 + index), 'in order')
  assert.ok(most - before < 120, `${(most - before).toFixed(0)} MiB more`)
  await ear.phoenix.close()
})

test('a reader that stops is cut off, the others hear everything', async () => {
  const { hostname, port } = new URL(shared.server.apiUrl)
  const lazy = connect(Number(port), hostname)
  lazy.on('error', () => {})
  const topic = 'realtime:lazy'
  lazy.write(`GET /realtime/v1/websocket?apikey=${shared.server.anonKey}&vsn=2.0.0 HTTP/1.1\r\nhost: ${hostname}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
  await new Promise((done) => lazy.once('data', done))
  const join = Buffer.from(JSON.stringify(['1', '1', topic, 'phx_join', { config: { postgres_changes: [{ event: '*', schema: 'public', table: 'counted' }] } }]))
  lazy.write(Buffer.concat([Buffer.from([0x81, 0xfe, join.length >> 8, join.length & 255, 0, 0, 0, 0]), join]))
  let heard = ''
  await new Promise((done) => lazy.on('data', (bytes) => {
    heard += bytes
    if (heard.includes('Subscribed to PostgreSQL')) done()
  }))
  lazy.pause()
  const ear = await listen(['counted'])
  const begun = ids
  const before = resident()
  await shared.database.rows(`insert into public.counted select n, repeat('x', 20000) from generate_series(${begun + 1}, ${begun + 2000}) as n`)
  ids += 2000
  await until('all rows', () => ear.told().length === 2000)
  assert.ok(resident() - before < 120)
  lazy.resume()
  await new Promise((done) => lazy.on('close', done))
  const text = await (await fetch(`${shared.server.apiUrl}/metrics`)).text()
  assert.match(text, /realtime_dropped_total\{reason="[a-z_]+"\} [1-9]/)
  await ear.phoenix.close()
})

test('10,000 frames of garbage, and too large ones, harm nobody', async () => {
  const ear = await listen(['counted'])
  const bad = await Phoenix.open(shared.server)
  const kinds = ['', 'null', '[]', '{}', '[1,2,3', '["a","b","c","d"]', '\u0000', JSON.stringify([null, null, 'realtime:x', 'phx_join', 'no']), Buffer.from([3]), Buffer.from([9, 1, 2, 3]), Buffer.from([3, 255, 255, 255, 255, 255, 1])]
  for (let n = 0; n < 10_000; n++) bad.raw(kinds[n % kinds.length])
  await bad.settled()
  bad.raw('x'.repeat(5_100_000))
  await bad.closed
  await shared.database.rows('insert into public.counted values ($1)', [++ids])
  await until('the change', () => ear.told().includes(ids))
  await ear.phoenix.close()
})

test('lag and errors are counted', async () => {
  const ear = await listen(['counted'])
  await until('the lag', async () => {
    const text = await (await fetch(`${shared.server.apiUrl}/metrics`)).text()
    return /^realtime_replication_lag_bytes \d/m.test(text) && /^realtime_replication_lag_seconds \d/m.test(text)
      && /realtime_channel_errors_total\{code="PostgresChanges"\} [1-9]/.test(text)
  })
  await ear.phoenix.close()
})

// The last ones on this server: its own connections do not survive them.
for (const signal of ['SIGINT', 'SIGKILL']) {
  test(`PostgreSQL ends by ${signal} under load and comes back`, async () => {
    shared.database.connection.on('error', () => {})
    // A fast shutdown, and a crash.
    await nothingIsLost('counted', async () => process.kill(postmaster(shared.server.pid), signal))
  })
}

test('a private channel and SQL broadcasts go on after a restart of PostgreSQL', async () => {
  const phoenix = await Phoenix.open(shared.server)
  const topic = 'realtime:after'
  await phoenix.join(topic, { private: true, broadcast: { replication_ready: true } })
  await phoenix.event(topic, 'system')
  process.kill(postmaster(shared.server.pid), 'SIGINT')
  await until('a broadcast', async () => {
    const connection = await connected().catch(() => undefined)
    await connection?.query("select realtime.send('{}', 'e', 'after')").catch(() => {})
    await connection?.end().catch(() => {})
    return phoenix.count('broadcast') > 0
  })
  await phoenix.close()
})

test('the server is killed: the client finds the next one, and no slot stays for good', async () => {
  const folder = makeProject('realtime-killed', generous)
  const port = await new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const found = probe.address().port
      probe.close(() => done(found))
    })
  })
  const start = () => startServer({ name: 'realtime-killed', folder, ephemeral: false, port })
  let server = await start()
  let database = await Database.connect(server)
  database.connection.on('error', () => {})
  await database.rows('create table public.news (id int primary key); alter publication supabase_realtime add table public.news')
  const app = client(server)
  const heard = []
  const states = []
  const systems = []
  app.channel('news').on('postgres_changes', { event: '*', schema: 'public', table: 'news' }, ({ new: row }) => heard.push(row.id))
    .on('system', {}, ({ message }) => systems.push(message)).subscribe((status) => states.push(status))
  await until('the subscription', () => systems.includes('Subscribed to PostgreSQL'))
  server.child.kill('SIGKILL')
  await server.exited
  await database.end().catch(() => {})
  systems.length = 0
  server = await start()
  await until('the next subscription', () => systems.includes('Subscribed to PostgreSQL'))
  assert.ok(states.filter((state) => state === 'SUBSCRIBED').length >= 2, states.join())
  database = await Database.connect(server)
  await database.rows('insert into public.news values (1)')
  await until('the change', () => heard.length === 1)
  const slots = await database.rows("select wal_status from pg_replication_slots where slot_name like 'ferrobase_realtime_%'")
  assert.ok(slots.length >= 1 && slots.length <= 2)
  const [{ setting }] = await database.rows("select setting from pg_settings where name = 'max_slot_wal_keep_size'")
  assert.ok(Number(setting) > 0, 'what a slot of a dead process keeps is limited')
  await app.removeAllChannels()
  await database.end()
  await server.stop()
  assertNoPanic(server.log())
  rmSync(folder, { recursive: true, force: true })
})
