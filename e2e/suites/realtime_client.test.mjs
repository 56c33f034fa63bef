// Realtime as applications use it: the official client, in both versions of the serializer; what breaks, and what then happens.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { client, newUser, ok } from '../kit/client.mjs'
import { Phoenix } from '../kit/phoenix.mjs'
import { memory, startServer } from '../kit/server.mjs'
import { generous, world } from '../kit/world.mjs'

const config = { ...generous, 'realtime.channel_error_backoff_ms': 50, 'realtime.connect_error_backoff_ms': 50, 'realtime.max_send_queue': '4MiB' }
const shared = world({ name: 'realtime-client', config })

let rooms = 0
const room = () => `room:${++rooms}`

/** What happens, in the order in which it happens. */
function recorder() {
  const seen = []
  const waiting = new Set()
  const note = (value) => {
    seen.push(value)
    for (const look of waiting) look()
  }
  const until = (fits) => new Promise((done, failed) => {
    const look = () => {
      const at = seen.findIndex(fits)
      if (at < 0) return
      clearTimeout(timer)
      waiting.delete(look)
      done(seen.splice(at, 1)[0])
    }
    const timer = setTimeout(() => failed(new Error(`not seen: ${fits}; seen: ${JSON.stringify(seen).slice(0, 1500)}`)), 10_000)
    waiting.add(look)
    look()
  })
  return { seen, note, until, any: () => until(() => true) }
}

const subscribed = (channel) => new Promise((done, failed) => {
  channel.subscribe((status, error) => {
    if (status === 'SUBSCRIBED') done(channel)
    else failed(error ?? new Error(status))
  })
})

for (const vsn of ['1.0.0', '2.0.0']) {
  const app = (more) => client(shared.server, { ...more, realtime: { vsn, ...more?.realtime } })
  const versioned = (name, run) => test(`${vsn}: ${name}`, run)

  versioned('subscribe, broadcast, acknowledge, remove', async () => {
    const [one, two] = [app(), app()]
    const name = room()
    const heard = recorder()
    await subscribed(two.channel(name).on('broadcast', { event: 'move' }, heard.note).on('broadcast', { event: '*' }, (message) => heard.note({ star: message.event })))
    const own = recorder()
    const channel = await subscribed(one.channel(name, { config: { broadcast: { self: true, ack: true } } }).on('broadcast', { event: 'move' }, own.note))
    assert.equal(await channel.send({ type: 'broadcast', event: 'move', payload: { x: 1, deep: { list: [1, 'two', null] } } }), 'ok')
    const message = await heard.until((entry) => entry.event === 'move')
    assert.deepEqual(message.payload, { x: 1, deep: { list: [1, 'two', null] } })
    assert.equal(message.type, 'broadcast')
    assert.deepEqual(await heard.any(), { star: 'move' })
    assert.deepEqual((await own.any()).payload.x, 1)
    assert.equal(await channel.send({ type: 'broadcast', event: 'other', payload: {} }), 'ok')
    assert.deepEqual(await heard.any(), { star: 'other' })
    assert.equal(one.getChannels().length, 1)
    assert.equal(await one.removeChannel(channel), 'ok')
    assert.equal(one.getChannels().length, 0)
    assert.deepEqual(await two.removeAllChannels(), ['ok'])
    for (const each of [one, two]) await each.realtime.disconnect()
  })

  versioned('presence: sync, join, leave', async () => {
    const [one, two] = [app(), app()]
    const name = room()
    const seen = recorder()
    const watch = two.channel(name, { config: { presence: { key: 'two' } } })
    watch.on('presence', { event: 'sync' }, () => seen.note({ sync: Object.keys(watch.presenceState()).sort() }))
    watch.on('presence', { event: 'join' }, ({ key, newPresences }) => seen.note({ join: key, at: newPresences[0].at }))
    watch.on('presence', { event: 'leave' }, ({ key, leftPresences }) => seen.note({ leave: key, at: leftPresences[0].at }))
    await subscribed(watch)
    assert.deepEqual(await seen.until((entry) => entry.sync), { sync: [] })
    const tracker = await subscribed(one.channel(name, { config: { presence: { key: 'one', enabled: true } } }))
    assert.equal(await tracker.track({ at: 'home' }), 'ok')
    assert.deepEqual(await seen.until((entry) => entry.join), { join: 'one', at: 'home' })
    assert.deepEqual(await seen.until((entry) => entry.sync), { sync: ['one'] })
    assert.equal(await tracker.track({ at: 'work' }), 'ok')
    await seen.until((entry) => entry.sync && watch.presenceState().one?.[0]?.at === 'work')
    assert.equal(await watch.track({}), 'ok')
    await seen.until((entry) => entry.sync?.length === 2)
    assert.equal(await tracker.untrack(), 'ok')
    await seen.until((entry) => entry.leave === 'one' && entry.at === 'work')
    await tracker.track({ at: 'gone' })
    await seen.until((entry) => entry.at === 'gone')
    await one.realtime.disconnect()
    await seen.until((entry) => entry.leave === 'one' && entry.at === 'gone')
    await two.realtime.disconnect()
  })

  versioned('by HTTP: send before joining, httpSend', async () => {
    const [one, two] = [app(), app()]
    const name = room()
    const heard = recorder()
    await subscribed(two.channel(name).on('broadcast', { event: '*' }, heard.note))
    const unjoined = one.channel(name)
    assert.equal(await unjoined.send({ type: 'broadcast', event: 'rest', payload: { n: 1 } }), 'ok')
    assert.deepEqual((await heard.any()).payload, { n: 1 })
    assert.deepEqual(await unjoined.httpSend('rest 2', { n: 2 }), { success: true })
    const second = await heard.any()
    assert.deepEqual([second.event, second.payload], ['rest 2', { n: 2 }])
    await two.realtime.disconnect()
  })

  versioned('a signed-in user, and the keys of the new kind', async () => {
    const { supabase } = await newUser(shared.server)
    const name = room()
    const heard = recorder()
    const opaque = app({ key: shared.server.publishableKey })
    await subscribed(opaque.channel(name).on('broadcast', { event: 'hi' }, heard.note))
    const channel = await subscribed(supabase.channel(name, { config: { broadcast: { ack: true } } }))
    assert.equal(await channel.send({ type: 'broadcast', event: 'hi', payload: {} }), 'ok')
    await heard.any()
    ok(await supabase.auth.refreshSession())
    await supabase.realtime.setAuth()
    assert.equal(await channel.send({ type: 'broadcast', event: 'hi', payload: {} }), 'ok')
    await heard.any()
    for (const each of [supabase, opaque]) await each.realtime.disconnect()
  })

  versioned('a refused join is told with its code', async () => {
    const supabase = app()
    const statuses = recorder()
    const channel = supabase.channel(room(), { config: { private: true } })
    channel.subscribe((status, error) => statuses.note({ status, message: error?.message }))
    const told = await statuses.any()
    assert.equal(told.status, 'CHANNEL_ERROR')
    assert.match(told.message, /(Unauthorized|UnableToConnectToProject): /)
    await supabase.realtime.disconnect()
  })
}

test('binary payloads', async () => {
  const [one, two] = [client(shared.server), client(shared.server)]
  const name = room()
  const heard = recorder()
  await subscribed(two.channel(name).on('broadcast', { event: 'bytes' }, heard.note))
  const channel = await subscribed(one.channel(name, { config: { broadcast: { ack: true } } }))
  assert.equal(await channel.send({ type: 'broadcast', event: 'bytes', payload: Uint8Array.from([1, 0, 255]).buffer }), 'ok')
  assert.deepEqual([...new Uint8Array((await heard.any()).payload)], [1, 0, 255])
  for (const each of [one, two]) await each.realtime.disconnect()
})

test('a server that ends says so, and of one that is killed the client hears an error', async () => {
  const server = await startServer({ name: 'realtime-ends', config })
  const phoenix = await Phoenix.open(server)
  await phoenix.join('realtime:a')
  const stopping = server.stop()
  assert.deepEqual((await phoenix.event('realtime:a', 'system')).payload, {
    extension: 'system', status: 'ok', message: 'Server requested disconnect', channel: 'a',
  })
  assert.equal(await phoenix.closed, 1012)
  await stopping
  const other = await startServer({ name: 'realtime-killed', config })
  const supabase = client(other)
  const statuses = recorder()
  const channel = supabase.channel('a')
  channel.subscribe((status) => statuses.note(status))
  await statuses.until((status) => status === 'SUBSCRIBED')
  other.child.kill('SIGKILL')
  await statuses.until((status) => status === 'CHANNEL_ERROR')
  await supabase.realtime.disconnect()
  await other.stop()
})

/** A handshake and frames by hand, for a client that does not read. */
async function deafClient(server, topic) {
  const { hostname, port } = new URL(server.apiUrl)
  const socket = connect(Number(port), hostname)
  socket.write(`GET /realtime/v1/websocket?vsn=2.0.0&apikey=${server.anonKey} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
  await new Promise((done) => socket.once('data', done))
  const text = Buffer.from(JSON.stringify(['1', '1', topic, 'phx_join', { config: {} }]))
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]))
  await new Promise((done) => socket.once('data', done))
  socket.pause()
  return socket
}

test('a client that stops reading is closed, costs bounded memory, and holds nobody up', async () => {
  const { server } = shared
  const name = `realtime:${room()}`
  const deaf = await deafClient(server, name)
  const [sender, reader] = [await Phoenix.open(server), await Phoenix.open(server)]
  await sender.join(name, { broadcast: { ack: true } })
  await reader.join(name)
  const before = await metric('realtime_dropped_total{reason="slow_reader"}')
  const chunk = 'x'.repeat(100_000)
  for (let n = 0; n < 300; n++) {
    assert.equal((await sender.ask(name, 'broadcast', { n, chunk })).payload.status, 'ok')
    const got = await reader.event(name, 'broadcast')
    assert.equal(got.payload.n, n)
  }
  assert.equal(await metric('realtime_dropped_total{reason="slow_reader"}'), before + 1)
  const ended = new Promise((done) => deaf.once('close', done))
  deaf.resume()
  await ended
  await Promise.all([sender.close(), reader.close()])
})

async function metric(name) {
  const text = await (await fetch(`${shared.server.apiUrl}/metrics`)).text()
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return line ? Number(line.split(' ').pop()) : 0
}

const resident = () => Number(/^(\d+)/.exec(memory(shared.server))[1])

test('ten thousand garbage frames, and oversized ones', async () => {
  const { server } = shared
  const phoenix = await Phoenix.open(server)
  const name = `realtime:${room()}`
  await phoenix.join(name, { broadcast: { self: true } })
  const before = resident()
  let seed = 7
  const random = (below) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below
  for (let n = 0; n < 10_000; n++) {
    const bytes = Uint8Array.from({ length: random(60) }, () => random(256))
    if (n % 3 === 0) phoenix.raw(Buffer.from(bytes).toString('latin1'))
    else if (n % 3 === 1) phoenix.raw(bytes)
    else phoenix.raw(JSON.stringify([null, n, name, ['broadcast', 'presence', 'access_token', 'x'][random(4)], Buffer.from(bytes).toString('base64')]))
  }
  await phoenix.settled()
  const others = await Promise.all(Array.from({ length: 20 }, () => Phoenix.open(server)))
  for (const other of others) other.raw('x'.repeat(5_000_001))
  for (const other of others) assert.equal(await other.closed, 1009)
  assert.equal((await phoenix.ask(name, 'phx_leave', {})).payload.status, 'ok', 'the socket outlived it')
  assert.ok(resident() - before < 150, `from ${before} MiB to ${memory(server)}`)
  await phoenix.close()
})

test('invalid UTF-8 is a bad message and no reason to close', async () => {
  const { server } = shared
  const { hostname, port } = new URL(server.apiUrl)
  const name = `realtime:${room()}`
  const socket = await deafClient(server, name)
  socket.resume()
  let heard = ''
  socket.on('data', (bytes) => { heard += bytes.toString('latin1') })
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]))
  const beat = Buffer.from('[null,"9","phoenix","heartbeat",{}]')
  // In two frames, with a ping between them.
  socket.write(Buffer.concat([
    Buffer.from([0x01, 0x80 | 10, 0, 0, 0, 0]), beat.subarray(0, 10), Buffer.from([0x89, 0x81, 0, 0, 0, 0, 0x70]),
    Buffer.from([0x80, 0x80 | (beat.length - 10), 0, 0, 0, 0]), beat.subarray(10),
  ]))
  while (!heard.includes('"9"')) await new Promise((done) => socket.once('data', done))
  assert.ok(heard.includes('\x8a\x01p'), 'the ping was answered')
  assert.ok(heard.includes('phx_reply'))
  assert.ok(hostname && port)
  socket.destroy()
})
