// Two processes on one database, with NATS between them: what is sent at one is heard at the other, and who dies is gone.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { client, newUser, session } from '../kit/client.mjs'
import { Database } from '../kit/database.mjs'
import { Phoenix } from '../kit/phoenix.mjs'
import { sleep, startServer } from '../kit/server.mjs'
import { assertNoPanic, generous } from '../kit/world.mjs'

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => done(port))
  })
})
const answers = (port) => new Promise((done) => {
  const socket = connect(port, '127.0.0.1')
  socket.on('connect', () => { socket.destroy(); done(true) }).on('error', () => done(false))
})
const waitFor = async (what, fits, patience = 15_000) => {
  const end = Date.now() + patience
  while (!(await fits())) {
    if (Date.now() > end) throw new Error(`${what} did not come`)
    await sleep(20)
  }
}

let port
let nats
async function startNats() {
  nats = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  nats.on('error', (error) => { throw error })
  await waitFor('NATS', () => answers(port))
}
const stopNats = async () => {
  nats.kill('SIGKILL')
  await waitFor('the end of NATS', async () => !(await answers(port)))
}

const servers = []
let database
const secret = 'a-secret-that-both-processes-have-in-common'

async function startOne(name, env = {}) {
  const config = {
    ...generous, 'auth.jwt_secret': secret, 'auth.jwt_signing_algorithm': 'HS256', 'realtime.nats_url': `nats://127.0.0.1:${port}`, 'realtime.nats_subject': 'project.one',
    'realtime.channel_error_backoff_ms': 50,
  }
  const server = await startServer({ name, config, env, ephemeral: env.DATABASE_URL === undefined })
  servers.push(server)
  return server
}

before(async () => {
  port = await freePort()
  await startNats()
  const first = await startOne('realtime-nats-1')
  database = await Database.connect(first)
  await database.rows(`
    create policy "all" on realtime.messages for all to anon, authenticated using (true) with check (true);
    create table public.news (id int primary key, title text);
    alter publication supabase_realtime add table public.news`)
  await startOne('realtime-nats-2', { DATABASE_URL: first.dbUrl })
})
after(async () => {
  await database?.end()
  for (const server of servers.reverse()) {
    await server.stop()
    assertNoPanic(server.log())
  }
  nats?.kill('SIGKILL')
})

let topics = 0
const fresh = () => `realtime:everywhere ${++topics}`
const at = (index, vsn) => Phoenix.open(servers[index], { vsn })

for (const vsn of ['1.0.0', '2.0.0']) {
  const isOld = vsn === '1.0.0'
  const versioned = (name, run) => test(`${vsn}: ${name}`, run)

  versioned('broadcasts reach the other process, once and in order', async () => {
    for (const isPrivate of [false, true]) {
      const topic = fresh()
      const [here, there] = [await at(0, vsn), await at(1, vsn)]
      await here.join(topic, { private: isPrivate, broadcast: { ack: true } })
      await there.join(topic, { private: isPrivate })
      for (let n = 0; n < 200; n++) here.push(topic, 'broadcast', { event: 'n', payload: { n }, more: [n] })
      for (let n = 0; n < 200; n++) {
        assert.deepEqual((await there.event(topic, 'broadcast')).payload, { event: 'n', payload: { n }, more: [n] })
      }
      await there.settled()
      assert.equal(there.count('broadcast') + here.count('broadcast'), 0)
      await Promise.all([here.close(), there.close()])
    }
  })

  versioned('public and private channels of one name stay apart', async () => {
    const topic = fresh()
    const [here, there] = [await at(0, vsn), await at(1, vsn)]
    await here.join(topic, { private: true })
    await there.join(topic)
    here.push(topic, 'broadcast', { event: 'private', payload: {} })
    const other = await at(0, vsn)
    await other.join(topic)
    other.push(topic, 'broadcast', { event: 'public', payload: {} })
    assert.equal((await there.event(topic, 'broadcast')).payload.event, 'public')
    await Promise.all([here, there, other].map((phoenix) => phoenix.close()))
  })

  versioned('what is larger than a message of NATS, bytes, and broadcasts by HTTP', async () => {
    const topic = fresh()
    const [here, there] = [await at(0, vsn), await at(1, vsn)]
    await Promise.all([here.join(topic), there.join(topic)])
    const large = 'x'.repeat(2_500_000)
    here.push(topic, 'broadcast', { event: 'large', payload: { large } })
    assert.equal((await there.event(topic, 'broadcast')).payload.payload.large, large)
    const url = `${servers[0].apiUrl}/realtime/v1/api/broadcast`
    const headers = { apikey: servers[0].anonKey }
    const name = encodeURIComponent(topic.slice(9))
    await fetch(`${url}/${name}/events/bytes`, { method: 'POST', headers: { ...headers, 'content-type': 'application/octet-stream' }, body: Buffer.from([0, 255]) })
    await fetch(`${url}/${name}/events/text`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{"a": 1}' })
    const first = await there.event(topic, 'broadcast')
    if (isOld) {
      assert.deepEqual(first.payload, { event: 'text', payload: { a: 1 }, type: 'broadcast' })
    } else {
      assert.deepEqual([first.userEvent, [...first.payload]], ['bytes', [0, 255]])
      const second = await there.event(topic, 'broadcast')
      assert.deepEqual([second.userEvent, second.payload], ['text', { a: 1 }])
    }
    await Promise.all([here.close(), there.close()])
  })

  versioned('what the database says is heard once in each process', async () => {
    const topic = fresh()
    const ears = [await at(0, vsn), await at(1, vsn)]
    for (const ear of ears) {
      await ear.join(topic, {
        private: true, broadcast: { replication_ready: true }, postgres_changes: [{ event: '*', schema: 'public', table: 'news' }],
      })
      for (const extension of ['system', 'postgres_changes']) {
        await ear.see((frame) => frame.event === 'system' && frame.payload.extension === extension && frame.payload.status === 'ok')
      }
    }
    await database.rows('select realtime.send($1, $2, $3)', [{ n: 1 }, 'once', topic.slice(9)])
    await database.rows('insert into public.news values ($1)', [topics])
    for (const ear of ears) {
      await ear.event(topic, 'broadcast')
      assert.equal((await ear.event(topic, 'postgres_changes')).payload.data.record.id, topics)
      await sleep(100)
      await ear.settled()
      assert.equal(ear.count('broadcast') + ear.count('postgres_changes'), 0)
      await ear.close()
    }
  })

  versioned('presence is one for both', async () => {
    const topic = fresh()
    const [here, there] = [await at(0, vsn), await at(1, vsn)]
    const presence = (key) => ({ presence: { enabled: true, key } })
    await here.join(topic, presence('ann'))
    await there.join(topic, presence('bob'))
    await here.ask(topic, 'presence', { event: 'track', payload: { at: 'one' } })
    const { payload } = await there.event(topic, 'presence_diff')
    assert.equal(payload.joins.ann.metas[0].at, 'one')
    const reference = payload.joins.ann.metas[0].phx_ref
    await there.ask(topic, 'presence', { event: 'track', payload: { at: 'two' } })
    await here.see((frame) => frame.event === 'presence_diff' && frame.payload.joins.bob)
    // A late comer is told of both, and the references are the same everywhere.
    const late = await at(1, vsn)
    await late.join(topic, presence('eve'))
    const state = (await late.event(topic, 'presence_state')).payload
    assert.deepEqual(Object.keys(state).sort(), ['ann', 'bob'])
    assert.equal(state.ann.metas[0].phx_ref, reference)
    await here.ask(topic, 'presence', { event: 'track', payload: { at: 'elsewhere' } })
    const update = await late.see((frame) => frame.event === 'presence_diff' && frame.payload.joins.ann)
    assert.deepEqual([update.payload.leaves.ann.metas[0].phx_ref, update.payload.joins.ann.metas[0].phx_ref_prev], [reference, reference])
    await here.close()
    const gone = await late.see((frame) => frame.event === 'presence_diff' && frame.payload.leaves.ann && !frame.payload.joins.ann)
    assert.equal(gone.payload.leaves.ann.metas[0].at, 'elsewhere')
    await Promise.all([there.close(), late.close()])
  })
}

test('the official client: a broadcast and presences across processes', async () => {
  const [one, two] = [client(servers[0]), client(servers[1])]
  const name = fresh().slice(9)
  const heard = []
  const state = two.channel(name, { config: { presence: { key: 'two' } } })
  state.on('broadcast', { event: 'move' }, ({ payload }) => heard.push(payload)).on('presence', { event: 'sync' }, () => {})
  await new Promise((done) => state.subscribe((status) => status === 'SUBSCRIBED' && done()))
  const channel = one.channel(name, { config: { presence: { key: 'one' } } }).on('presence', { event: 'sync' }, () => {})
  await new Promise((done) => channel.subscribe((status) => status === 'SUBSCRIBED' && done()))
  await channel.track({ here: true })
  await channel.send({ type: 'broadcast', event: 'move', payload: { x: 1 } })
  await waitFor('the broadcast', () => heard.length === 1)
  await waitFor('the presence', () => state.presenceState().one?.[0].here)
  await Promise.all([one.removeAllChannels(), two.removeAllChannels()])
})

test('a user of one process is let into a private channel by the other', async () => {
  const { supabase } = await newUser(servers[0])
  const phoenix = await at(1, '2.0.0')
  const reply = await phoenix.join(fresh(), { private: true }, { token: (await session(supabase)).access_token })
  assert.equal(reply.payload.status, 'ok')
  await phoenix.close()
})

test('NATS goes away and comes back: presences too', async () => {
  const topic = fresh()
  const [here, there] = [await at(0, '2.0.0'), await at(1, '2.0.0')]
  await here.join(topic, { presence: { enabled: true, key: 'ann' } })
  await there.join(topic, { presence: { enabled: true, key: 'bob' } })
  await here.ask(topic, 'presence', { event: 'track', payload: {} })
  await there.see((frame) => frame.event === 'presence_diff' && frame.payload.joins.ann)
  await stopNats()
  await there.see((frame) => frame.event === 'presence_diff' && frame.payload.leaves.ann)
  // What is local goes on.
  const neighbour = await at(0, '2.0.0')
  await neighbour.join(topic)
  here.push(topic, 'broadcast', { event: 'e', payload: {} })
  await neighbour.event(topic, 'broadcast')
  await startNats()
  await there.see((frame) => frame.event === 'presence_diff' && frame.payload.joins.ann)
  here.push(topic, 'broadcast', { event: 'again', payload: {} })
  await there.see((frame) => frame.event === 'broadcast' && frame.payload.event === 'again')
  await Promise.all([here, there, neighbour].map((phoenix) => phoenix.close()))
})

test('a process that is killed takes its presences with it', async () => {
  const topic = fresh()
  const third = await startOne('realtime-nats-3', { DATABASE_URL: servers[0].dbUrl })
  const [here, there] = [await at(0, '2.0.0'), await at(servers.length - 1, '2.0.0')]
  await here.join(topic, { presence: { enabled: true, key: 'ann' } })
  await there.join(topic, { presence: { enabled: true, key: 'bob' } })
  await there.ask(topic, 'presence', { event: 'track', payload: {} })
  await here.see((frame) => frame.event === 'presence_diff' && frame.payload.joins.bob)
  third.child.kill('SIGKILL')
  await here.see((frame) => frame.event === 'presence_diff' && frame.payload.leaves.bob)
  await here.close()
})

test('a subject that is none, and servers that are none, end the start', async () => {
  const start = (config) => startServer({ name: 'realtime-nats-wrong', config: { ...generous, ...config } })
  await assert.rejects(start({ 'realtime.nats_url': `nats://127.0.0.1:${await freePort()}` }), /realtime\.nats_url.*NATS cannot be reached/s)
  await assert.rejects(start({ 'realtime.nats_subject': 'a b' }), /nats_subject/)
})
