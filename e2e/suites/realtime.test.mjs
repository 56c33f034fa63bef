// Realtime's protocol in raw frames, in both versions of the serializer.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { Phoenix } from '../kit/phoenix.mjs'
import { generous, world } from '../kit/world.mjs'

const shared = world({
  name: 'realtime',
  config: {
    ...generous, 'realtime.channel_error_backoff_ms': 50, 'realtime.connect_error_backoff_ms': 50,
    'realtime.max_payload_size_in_kb': 20, 'realtime.max_channels_per_client': 40, 'realtime.client_presence_max_calls': 5,
  },
})

const base64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)

/** A token as the project's owner makes them. */
function token(claims, { secret = shared.server.jwtSecret, header = {} } = {}) {
  const body = `${base64({ alg: 'HS256', typ: 'JWT', ...header })}.${base64(claims)}`
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
}
const userToken = (more = {}) => token({ role: 'authenticated', sub: 'a', exp: now() + 3600, ...more })

let topics = 0
const topic = () => `realtime:room ${++topics}: ü`
const open = (options) => Phoenix.open(shared.server, options)

async function both(vsn, name, config, other = config) {
  const [one, two] = [await open({ vsn }), await open({ vsn })]
  assert.equal((await one.join(name, config)).payload.status, 'ok')
  assert.equal((await two.join(name, other)).payload.status, 'ok')
  return { one, two, close: () => Promise.all([one.close(), two.close()]) }
}

for (const vsn of ['1.0.0', '2.0.0']) {
  const isOld = vsn === '1.0.0'
  const versioned = (name, run) => test(`${vsn}: ${name}`, run)

  versioned('heartbeat, unknown topics, leaving what is not joined', async () => {
    const phoenix = await open({ vsn })
    const beat = await phoenix.ask('phoenix', 'heartbeat', {})
    assert.deepEqual(beat.payload, { status: 'ok', response: {} })
    assert.equal(beat.topic, 'phoenix')
    if (!isOld) assert.equal(beat.join_ref, null)
    const unmatched = await phoenix.ask('other', 'phx_join', {}, { join_ref: '77' })
    assert.deepEqual(unmatched.payload, { status: 'error', response: { reason: 'unmatched topic' } })
    if (!isOld) assert.equal(unmatched.join_ref, null)
    const lost = await phoenix.ask('realtime:nowhere', 'broadcast', {})
    assert.deepEqual(lost.payload, { status: 'error', response: { reason: 'unmatched topic' } })
    const left = await phoenix.ask('realtime:nowhere', 'phx_leave', {})
    assert.deepEqual(left.payload, { status: 'ok', response: {} })
    const nameless = await phoenix.ask('realtime:', 'phx_join', { config: {} })
    assert.deepEqual(nameless.payload, {
      status: 'error', response: { reason: 'TopicNameRequired: You must provide a topic name' },
    })
    await phoenix.close()
  })

  versioned('join, leave, join again', async () => {
    const phoenix = await open({ vsn })
    const name = topic()
    const joined = await phoenix.join(name)
    assert.deepEqual(joined.payload, { status: 'ok', response: { postgres_changes: [] } })
    assert.equal(joined.topic, name)
    if (!isOld) assert.equal(joined.join_ref, joined.ref)
    await phoenix.settled()
    assert.equal(phoenix.count('presence_state'), 0, 'presence is off unless asked for')
    const first = phoenix.joinRefs[name]
    const again = await phoenix.join(name)
    const closed = await phoenix.event(name, 'phx_close')
    assert.equal(closed.ref, first)
    assert.deepEqual(closed.payload, {})
    if (!isOld) assert.equal(closed.join_ref, first)
    assert.equal(again.payload.status, 'ok')
    // A leave of the earlier join is ignored.
    phoenix.push(name, 'phx_leave', {}, { join_ref: first })
    await phoenix.settled()
    if (!isOld) assert.equal(phoenix.count('phx_close'), 0)
    if (!isOld) {
      const left = await phoenix.ask(name, 'phx_leave', {})
      assert.deepEqual(left.payload, { status: 'ok', response: {} })
      assert.equal((await phoenix.event(name, 'phx_close')).ref, phoenix.joinRefs[name])
    }
    await phoenix.close()
  })

  versioned('bindings are echoed in order, each with an integer id', async () => {
    const phoenix = await open({ vsn })
    const name = topic()
    const bindings = [
      { event: 'insert', schema: 'public', table: 'T', filter: 'a=eq.1', odd: [1, { b: null }] },
      { schema: '*', event: '*' },
      { event: 'insert', schema: 'public', table: 'T', filter: 'a=eq.1', odd: [1, { b: null }] },
    ]
    const { payload } = await phoenix.join(name, { postgres_changes: [bindings[0], null, bindings[1], bindings[2]] })
    const listed = payload.response.postgres_changes
    assert.equal(listed.length, 3)
    listed.forEach(({ id, ...rest }, at) => {
      assert.deepEqual(rest, bindings[at])
      assert.ok(Number.isInteger(id) && id >= 0 && id < 2 ** 27)
    })
    assert.equal(listed[0].id, listed[2].id)
    assert.notEqual(listed[0].id, listed[1].id)
    await phoenix.close()
  })

  versioned('broadcast: to the others, to oneself if wanted, acknowledged if wanted', async () => {
    const name = topic()
    const { one, two, close } = await both(vsn, name, {}, { broadcast: { self: 'TRUE', ack: true } })
    const payload = { type: 'broadcast', event: 'move', payload: { x: 1.50, text: 'ü\u2028' }, more: [null] }
    one.push(name, 'broadcast', payload)
    const got = await two.event(name, 'broadcast')
    assert.deepEqual(got.payload, payload)
    assert.ok(got.raw.includes('"x":1.5'))
    assert.equal(got.ref, null)
    if (!isOld) assert.equal(got.join_ref, null)
    await one.settled()
    assert.equal(one.count('broadcast') + one.count('phx_reply'), 0, 'neither echo nor answer')
    const reply = await two.ask(name, 'broadcast', { anything: true })
    assert.deepEqual(reply.payload, { status: 'ok', response: {} })
    if (!isOld) assert.equal(reply.join_ref, two.joinRefs[name])
    assert.deepEqual((await one.event(name, 'broadcast')).payload, { anything: true })
    assert.deepEqual((await two.event(name, 'broadcast')).payload, { anything: true })
    // In order, and whatever the join_ref.
    for (let n = 0; n < 200; n++) one.push(name, 'broadcast', { n }, { join_ref: n % 2 ? null : '999' })
    for (let n = 0; n < 200; n++) assert.equal((await two.event(name, 'broadcast')).payload.n, n)
    await close()
  })

  versioned('too large: refused with an answer if acknowledged, in silence if not', async () => {
    const name = topic()
    const { one, two, close } = await both(vsn, name, {}, { broadcast: { ack: true } })
    const big = { event: 'e', payload: 'x'.repeat(21_000) }
    const reply = await two.ask(name, 'broadcast', big)
    assert.deepEqual(reply.payload, { status: 'error', response: 'payload_size_exceeded' })
    one.push(name, 'broadcast', big)
    one.push(name, 'broadcast', { event: 'small' })
    assert.deepEqual((await two.event(name, 'broadcast')).payload, { event: 'small' })
    await close()
  })

  versioned('presence: state, joins, updates, leaves', async () => {
    const name = topic()
    const { one, two, close } = await both(vsn, name, { presence: { enabled: true, key: 'ann' } }, { presence: { enabled: true } })
    assert.deepEqual((await one.event(name, 'presence_state')).payload, {})
    const state = await two.event(name, 'presence_state')
    assert.deepEqual(state.payload, {})
    assert.equal(state.ref, null)
    if (!isOld) assert.equal(state.join_ref, two.joinRefs[name])
    const track = (phoenix, payload, event = 'track') => phoenix.ask(name, 'presence', { type: 'presence', event, payload })
    assert.deepEqual((await track(one, { at: 1 })).payload, { status: 'ok', response: {} })
    const joined = await two.event(name, 'presence_diff')
    const [meta] = joined.payload.joins.ann.metas
    assert.equal(meta.at, 1)
    assert.match(meta.phx_ref, /^[\w-]{16}$/)
    assert.deepEqual(joined.payload.leaves, {})
    if (!isOld) assert.equal(joined.join_ref, null)
    assert.deepEqual((await one.event(name, 'presence_diff')).payload, joined.payload, 'the tracker hears it too')
    // Equal again: no diff. Another payload: one diff with both sides.
    assert.equal((await track(one, { at: 1 }, 'TRACK')).payload.status, 'ok')
    assert.equal((await track(one, { at: 2 })).payload.status, 'ok')
    const updated = (await two.event(name, 'presence_diff')).payload
    assert.deepEqual(updated.leaves.ann.metas, [meta])
    assert.equal(updated.joins.ann.metas[0].at, 2)
    assert.equal(updated.joins.ann.metas[0].phx_ref_prev, meta.phx_ref)
    assert.notEqual(updated.joins.ann.metas[0].phx_ref, meta.phx_ref)
    // Who comes later sees the state.
    const three = await open({ vsn })
    await three.join(name, { presence: { enabled: true, key: 'ann' } })
    assert.deepEqual((await three.event(name, 'presence_state')).payload, { ann: { metas: updated.joins.ann.metas } })
    // The same key twice is two metas.
    await track(three, undefined)
    assert.equal(Object.keys((await two.event(name, 'presence_diff')).payload.joins.ann.metas[0]).join(), 'phx_ref')
    // A socket that goes away leaves at once.
    three.socket.close()
    assert.equal((await two.event(name, 'presence_diff')).payload.leaves.ann.metas.length, 1)
    assert.equal((await track(one, {}, 'untrack')).payload.status, 'ok')
    assert.equal((await two.event(name, 'presence_diff')).payload.leaves.ann.metas[0].at, 2)
    // A key that nobody chose is a UUID.
    await track(two, {})
    const keys = Object.keys((await one.see((frame) => frame.event === 'presence_diff' && !frame.payload.joins.ann && !frame.payload.leaves.ann)).payload.joins)
    assert.match(keys[0], /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
    const odd = await two.ask(name, 'presence', { event: 'dance' })
    assert.deepEqual(odd.payload, { status: 'error', response: {} })
    const wrong = await track(two, [1])
    assert.deepEqual(wrong.payload, { status: 'error', response: { reason: 'Presence track payload must be a map' } })
    await close()
  })

  versioned('presence that was not asked for is switched on by tracking, without the state', async () => {
    const name = topic()
    const phoenix = await open({ vsn })
    await phoenix.join(name)
    await phoenix.ask(name, 'presence', { event: 'track', payload: { a: 1 } })
    assert.equal(Object.keys((await phoenix.event(name, 'presence_diff')).payload.joins).length, 1)
    assert.equal(phoenix.count('presence_state'), 0)
    // One call was made, four more are allowed.
    for (let n = 0; n < 4; n++) assert.equal((await phoenix.ask(name, 'presence', { event: 'untrack' })).payload.status, 'ok')
    phoenix.push(name, 'presence', { event: 'track', payload: {} })
    const told = await phoenix.event(name, 'system')
    assert.deepEqual(told.payload, {
      extension: 'system', status: 'error', message: 'Client presence rate limit exceeded', channel: name.slice('realtime:'.length),
    })
    assert.equal((await phoenix.event(name, 'phx_close')).ref, phoenix.joinRefs[name])
    await phoenix.close()
  })

  versioned('tokens at a join', async () => {
    const phoenix = await open({ vsn })
    const refused = async (given, reason) => {
      const { payload } = await phoenix.join(topic(), {}, { token: given })
      assert.equal(payload.status, 'error')
      assert.match(payload.response.reason, reason)
    }
    await refused(token({ role: 'authenticated', exp: now() - 10 }), /^InvalidJWTToken: Token has expired 1\d seconds ago$/)
    await refused(token({ role: 'authenticated' }), /^InvalidJWTToken: Fields `role` and `exp` are required in JWT$/)
    await refused(token({ exp: now() + 60 }), /^InvalidJWTToken: Fields `role` and `exp` are required in JWT$/)
    await refused('nonsense', /^MalformedJWT: The token provided is not a valid JWT$/)
    await refused(token({ role: 'authenticated', exp: now() + 60 }, { secret: 'another secret that is long enough to be one' }), /^JwtSignatureError: Failed to validate JWT signature$/)
    assert.equal((await phoenix.join(topic(), {}, { token: userToken() })).payload.status, 'ok')
    assert.equal((await phoenix.join(topic(), {}, { token: 'sb_publishable_whatever' })).payload.status, 'ok', 'the socket\'s token counts')
    assert.equal((await phoenix.join(topic(), {}, { user_token: userToken() })).payload.status, 'ok')
    // A refused join holds nothing up.
    const late = phoenix.join(topic(), {}, { token: 'nonsense' })
    await phoenix.settled()
    assert.equal((await late).payload.status, 'error')
    await phoenix.close()
  })

  versioned('a new token, and a wrong one', async () => {
    const phoenix = await open({ vsn })
    const name = topic()
    await phoenix.join(name, {}, { token: userToken() })
    for (const given of [userToken({ n: 1 }), 'sb_secret_x', null, shared.server.anonKey]) phoenix.push(name, 'access_token', { access_token: given })
    await phoenix.settled()
    assert.deepEqual(phoenix.frames, [], 'never answered')
    phoenix.push(name, 'access_token', { access_token: 'nonsense' })
    const told = (await phoenix.event(name, 'system')).payload
    assert.deepEqual(told, {
      extension: 'system', status: 'error', message: 'The token provided is not a valid JWT', channel: name.slice('realtime:'.length),
    })
    await phoenix.event(name, 'phx_close')
    await phoenix.close()
  })

  versioned('a token that ends, ends the channel and not the socket', async () => {
    const phoenix = await open({ vsn })
    const name = topic()
    await phoenix.join(name, {}, { token: userToken({ exp: now() + 2 }) })
    const told = await phoenix.event(name, 'system')
    assert.match(told.payload.message, /^Token has expired \d+ seconds ago$/)
    if (!isOld) assert.equal(told.join_ref, phoenix.joinRefs[name])
    await phoenix.event(name, 'phx_close')
    await phoenix.settled()
    await phoenix.close()
  })

  versioned('garbage is dropped and the socket stays', async () => {
    const phoenix = await open({ vsn })
    const wrong = ['', '{', '[]', '1', 'null', '[1,2,3]', '{"topic":"a"}', '[null,null,null,null,null]', '{"topic":1,"event":2,"payload":3,"ref":4}', '\u0000']
    const bytes = [[], [0], [1], [3], [3, 255, 255, 255, 255, 255, 1], [4, 0, 0, 0, 0], [9, 9], [3, 0, 0, 1, 0, 1, 1, 65, 123]]
    for (const text of wrong) phoenix.raw(text)
    for (const list of bytes) phoenix.raw(Uint8Array.from(list))
    await phoenix.settled()
    assert.deepEqual(phoenix.frames, [])
    const name = topic()
    await phoenix.join(name)
    phoenix.push(name, 'no such event', {})
    phoenix.push(name, 'presence', 5)
    await phoenix.settled()
    assert.equal(phoenix.count('phx_reply'), 1, 'unknown events are not answered')
    await phoenix.close()
  })

  versioned('private channels are refused with a code while nobody can judge', async () => {
    const phoenix = await open({ vsn })
    const { payload } = await phoenix.join(topic(), { private: true })
    assert.match(payload.response.reason, /^(UnableToConnectToProject|Unauthorized): /)
    const replay = (more) => phoenix.join(topic(), { broadcast: { replay: { since: 1, limit: 2, ...more } }, private: false })
    assert.equal((await replay()).payload.response.reason, 'UnableToReplayMessages: Replay is not allowed for public channels')
    await phoenix.close()
  })
}

test('versions', async () => {
  for (const vsn of ['1.0.0', '1.0.9', null]) {
    const phoenix = await open({ vsn })
    phoenix.raw('{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}')
    assert.ok((await phoenix.event('phoenix', 'phx_reply')).raw.startsWith('{'))
    await phoenix.close()
  }
  for (const vsn of ['3.0.0', '2.1.0', 'x']) await assert.rejects(open({ vsn }))
})

test('user broadcasts: kind 3 in, kind 4 out, objects for old clients', async () => {
  const name = topic()
  const sender = await open()
  const [young, old] = [await open(), await open({ vsn: '1.0.0' })]
  await sender.join(name, { broadcast: { ack: true } })
  for (const phoenix of [young, old]) await phoenix.join(name)
  const ref = sender.user(name, 'move', '{"x": 1}', { meta: '{"a":1}' })
  assert.deepEqual((await sender.see((frame) => frame.ref === ref)).payload, { status: 'ok', response: {} })
  const four = await young.event(name, 'broadcast')
  assert.deepEqual([four.kind, four.userEvent, four.payload, four.meta, four.encoding], [4, 'move', { x: 1 }, undefined, 1])
  assert.deepEqual((await old.event(name, 'broadcast')).payload, { event: 'move', payload: { x: 1 }, type: 'broadcast' })
  sender.user(name, 'bytes', Uint8Array.from([0, 255, 1]), { encoding: 0 })
  assert.deepEqual([...(await young.event(name, 'broadcast')).payload], [0, 255, 1])
  sender.user(name, 'broken', '{', {})
  sender.push(name, 'broadcast', { last: true })
  assert.deepEqual((await old.event(name, 'broadcast')).payload, { last: true }, 'neither bytes nor broken JSON reach old clients')
  assert.deepEqual((await young.event(name, 'broadcast')).payload, { last: true }, 'broken JSON reaches nobody')
  await Promise.all([sender, young, old].map((phoenix) => phoenix.close()))
})

test('too many channels', async () => {
  const phoenix = await open()
  for (let n = 0; n < 40; n++) assert.equal((await phoenix.join(topic())).payload.status, 'ok')
  const { payload } = await phoenix.join(topic())
  assert.deepEqual(payload.response, { reason: 'ChannelRateLimitReached: Too many channels' })
  await phoenix.close()
})

test('handshakes that are refused', async () => {
  const { server } = shared
  const handshake = async (query, headers = {}) => {
    const answer = await upgrade(`${server.apiUrl}/realtime/v1/websocket?${query}`, headers)
    return [answer.status, JSON.parse(answer.body).error]
  }
  const key = (value) => `vsn=2.0.0&apikey=${value}`
  assert.deepEqual(await handshake('vsn=2.0.0'), [401, 'API key is missing'])
  assert.deepEqual(await handshake(key('nonsense')), [401, 'The token provided is not a valid JWT'])
  assert.deepEqual(await handshake(key(token({ role: 'anon', exp: now() - 5 }))), [401, 'Token has expired'])
  assert.deepEqual(await handshake(key(token({ role: 'anon' }))), [401, 'Fields `role` and `exp` are required in JWT'])
  assert.deepEqual(await handshake(key(token({ role: 'anon', exp: now() + 60 }, { secret: 'x'.repeat(40) }))), [401, 'Failed to validate JWT signature'])
  assert.equal((await handshake(`vsn=9.0.0&apikey=${server.anonKey}`))[0], 403)
  // The header wins over the parameter.
  assert.equal((await handshake(key(server.anonKey), { 'x-api-key': 'nonsense' }))[0], 401)
  for (const good of [server.publishableKey, server.secretKey, server.serviceKey, userToken()]) await (await open({ key: good })).close()
  const plain = await fetch(`${server.apiUrl}/realtime/v1/websocket?${key(server.anonKey)}`)
  assert.equal(plain.status, 400)
})

test('a frame that is too large ends the socket', async () => {
  const phoenix = await open()
  phoenix.raw('x'.repeat(5_000_001))
  assert.equal(await phoenix.closed, 1009)
})

test('broadcast by HTTP, several at once', async () => {
  const name = topic()
  const short = name.slice('realtime:'.length)
  const [young, old] = [await open(), await open({ vsn: '1.0.0' })]
  for (const phoenix of [young, old]) await phoenix.join(name)
  const send = (messages, headers = { apikey: shared.server.anonKey }, query = '') => fetch(`${shared.server.apiUrl}/realtime/v1/api/broadcast${query}`, {
    method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(messages),
  })
  const message = { topic: short, event: 'e', payload: { a: 1 } }
  const accepted = await send({ messages: [message, { ...message, id: 'the id' }] }, undefined, '?apikey=x&vsn=2.0.0')
  assert.equal(accepted.status, 202)
  assert.equal(await accepted.text(), '')
  for (const name of ['x-rate-rolling', 'x-rate-limit', 'x-rate-limit-remaining']) assert.match(accepted.headers.get(name), /^\d+$/)
  for (const phoenix of [young, old]) {
    assert.deepEqual((await phoenix.event(name, 'broadcast')).payload, { event: 'e', payload: { a: 1 }, type: 'broadcast' })
    assert.deepEqual((await phoenix.event(name, 'broadcast')).payload, { event: 'e', payload: { a: 1 }, type: 'broadcast', meta: { id: 'the id' } })
  }
  const blank = ["can't be blank"]
  const refused = await send({ messages: [message, { topic: short }] })
  assert.equal(refused.status, 422)
  assert.deepEqual(await refused.json(), { errors: { messages: [{}, { payload: blank, event: blank }] } })
  assert.deepEqual(await (await send({})).json(), { errors: { messages: blank } })
  const big = await send({ messages: [{ ...message, payload: { x: 'x'.repeat(21_000) } }] })
  assert.deepEqual(await big.json(), { errors: { messages: [{ payload: ['Payload size exceeds tenant limit'] }] } })
  for (const headers of [{}, { apikey: 'x' }, { authorization: 'Bearer x', apikey: shared.server.anonKey }]) {
    const answer = await send({ messages: [message] }, headers)
    assert.equal(answer.status, 401)
    assert.deepEqual(await answer.json(), { message: 'Unauthorized' })
  }
  // A private message without permission is skipped in silence.
  assert.equal((await send({ messages: [{ ...message, private: true }, { ...message, event: 'last' }] })).status, 202)
  for (const phoenix of [young, old]) assert.equal((await phoenix.event(name, 'broadcast')).payload.event, 'last')
  await Promise.all([young.close(), old.close()])
})

test('broadcast by HTTP, one event', async () => {
  const name = topic()
  const [young, old] = [await open(), await open({ vsn: '1.0.0' })]
  for (const phoenix of [young, old]) await phoenix.join(name)
  const path = `/realtime/v1/api/broadcast/${encodeURIComponent(name.slice('realtime:'.length))}/events/${encodeURIComponent('an event/ü')}`
  const send = (body, type, query = '') => fetch(shared.server.apiUrl + path + query, {
    method: 'POST', body, headers: { authorization: `Bearer ${shared.server.publishableKey}`, ...(type ? { 'content-type': type } : {}) },
  })
  assert.equal((await send('{"a":[1]}', 'application/json')).status, 202)
  const four = await young.event(name, 'broadcast')
  assert.deepEqual([four.kind, four.userEvent, four.payload], [4, 'an event/ü', { a: [1] }])
  assert.deepEqual((await old.event(name, 'broadcast')).payload, { event: 'an event/ü', payload: { a: [1] }, type: 'broadcast' })
  assert.equal((await send(Uint8Array.from([7, 0, 200]), 'application/octet-stream')).status, 202)
  const bytes = await young.event(name, 'broadcast')
  assert.deepEqual([bytes.encoding, ...bytes.payload], [0, 7, 0, 200])
  const other = await send('a', 'text/plain')
  assert.equal(other.status, 415)
  assert.deepEqual(await other.json(), { error: 'Unsupported Media Type. Use application/json or application/octet-stream' })
  assert.equal((await send(`"${'x'.repeat(21_000)}"`, 'application/json')).status, 422)
  assert.notEqual((await send('{}', 'application/json', '?private=true')).status, 202)
  await old.settled()
  assert.equal(old.count('broadcast'), 0)
  await Promise.all([young.close(), old.close()])
})

test('small endpoints, and what is not there', async () => {
  const at = (path, options) => fetch(`${shared.server.apiUrl}/realtime/v1${path}`, options)
  assert.deepEqual(await (await at('/api/ping')).json(), { message: 'Success' })
  assert.equal((await at('/api/broadcast')).status, 405)
  assert.equal((await at('/nowhere')).status, 404)
  const preflight = await at('/api/broadcast', {
    method: 'OPTIONS', headers: { origin: 'http://a', 'access-control-request-method': 'POST', 'access-control-request-headers': 'apikey' },
  })
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'apikey')
})

test('metrics', async () => {
  const phoenix = await open()
  await phoenix.join(topic())
  phoenix.raw('garbage')
  await phoenix.settled()
  const text = await (await fetch(`${shared.server.apiUrl}/metrics`)).text()
  for (const name of ['connections', 'channels', 'messages_in_total', 'messages_out_total', 'input_bytes_total', 'output_bytes_total']) {
    assert.match(text, new RegExp(`^realtime_${name} [1-9]`, 'm'))
  }
  assert.match(text, /realtime_dropped_total\{reason="malformed"\} [1-9]/)
  await phoenix.close()
})

/** A handshake whose answer can be read. */
async function upgrade(url, headers) {
  const { request } = await import('node:http')
  return new Promise((done, failed) => {
    const asked = request(url, {
      headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', ...headers },
    })
    asked.on('upgrade', (_, socket) => {
      socket.destroy()
      done({ status: 101, body: '{}' })
    })
    asked.on('response', (answer) => {
      let body = ''
      answer.on('data', (bytes) => { body += bytes })
      answer.on('end', () => done({ status: answer.statusCode, body }))
    })
    asked.on('error', failed)
    asked.end()
  })
}
