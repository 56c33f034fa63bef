// Bad input at every endpoint: refusals only, no 5xx, no panic. The seed is printed; FUZZ_SEED repeats a run.
import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import http from 'node:http'
import { test } from 'node:test'
import { accessToken, newUser, ok } from '../kit/client.mjs'
import { isHealthy } from '../kit/server.mjs'
import { generous, impatient, world } from '../kit/world.mjs'

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000)
const shared = world({
  name: 'fuzz',
  config: {
    ...generous,
    ...impatient,
    'auth.enable_anonymous_sign_ins': true,
    'auth.sms.enable_signup': true,
    'auth.mfa.max_enrolled_factors': 100,
    'auth.mfa.totp.enroll_enabled': true,
    'auth.mfa.totp.verify_enabled': true,
    'auth.mfa.phone.enroll_enabled': true,
    'auth.mfa.phone.verify_enabled': true,
    'auth.mfa.web_authn.enroll_enabled': true,
    'auth.mfa.web_authn.verify_enabled': true,
    'auth.webauthn.rp_id': 'localhost',
    'auth.webauthn.rp_origins': ['http://localhost:3000'],
  },
})

// Endpoint: method, path, fields of its body, and whose token it wants.
const endpoints = (id) => [
  ['GET', '/health', [], 'anon'],
  ['GET', '/settings', [], 'anon'],
  ['GET', '/.well-known/jwks.json', [], 'anon'],
  ['POST', '/signup', ['email', 'phone', 'password', 'data', 'channel', 'code_challenge', 'code_challenge_method', 'gotrue_meta_security'], 'anon'],
  ['POST', '/token?grant_type=password', ['email', 'phone', 'password', 'gotrue_meta_security'], 'anon'],
  ['POST', '/token?grant_type=refresh_token', ['refresh_token'], 'anon'],
  ['POST', '/token?grant_type=pkce', ['auth_code', 'code_verifier'], 'anon'],
  ['POST', '/token?grant_type=%00', [], 'anon'],
  ['POST', '/otp', ['email', 'phone', 'create_user', 'data', 'channel', 'code_challenge', 'code_challenge_method'], 'anon'],
  ['POST', '/magiclink', ['email', 'data', 'code_challenge', 'code_challenge_method'], 'anon'],
  ['POST', '/recover', ['email', 'code_challenge', 'code_challenge_method'], 'anon'],
  ['POST', '/resend', ['type', 'email', 'phone', 'code_challenge', 'code_challenge_method'], 'anon'],
  ['GET', '/reauthenticate', [], 'user'],
  ['POST', '/verify', ['type', 'token', 'token_hash', 'email', 'phone', 'redirect_to'], 'anon'],
  ['GET', '/verify?type=signup&token=%00%ff&redirect_to=%0d%0a', [], 'anon'],
  ['GET', '/verify?type=recovery&token=pkce_x&redirect_to=javascript:alert(1)', [], 'anon'],
  ['GET', '/user', [], 'user'],
  ['PUT', '/user', ['email', 'phone', 'password', 'current_password', 'nonce', 'data', 'app_metadata', 'channel', 'code_challenge'], 'user'],
  ['POST', '/logout?scope=%00', [], 'user'],
  ['POST', '/factors', ['factor_type', 'friendly_name', 'issuer', 'phone'], 'user'],
  ['POST', `/factors/${id.totp}/challenge`, ['channel'], 'user'],
  ['POST', `/factors/${id.phone}/challenge`, ['channel'], 'user'],
  ['POST', `/factors/${id.webauthn}/challenge`, ['webauthn'], 'user'],
  ['POST', `/factors/${id.totp}/verify`, ['challenge_id', 'code', 'webauthn'], 'user'],
  ['POST', `/factors/${id.phone}/verify`, ['challenge_id', 'code'], 'user'],
  ['POST', `/factors/${id.webauthn}/verify`, ['challenge_id', 'webauthn', 'code'], 'user'],
  ['POST', '/factors/not-a-uuid/verify', ['challenge_id', 'code'], 'user'],
  ['POST', `/factors/${randomUUID()}/challenge`, [], 'user'],
  ['DELETE', `/factors/${randomUUID()}`, [], 'user'],
  ['DELETE', '/factors/%00', [], 'user'],
  ['GET', '/factors/recovery-codes', [], 'user'],
  ['POST', '/factors/recovery-codes', ['friendly_name'], 'user'],
  ['POST', '/factors/recovery-codes/regenerate', [], 'user'],
  ['POST', '/factors/recovery-codes/verify', ['code'], 'user'],
  ['DELETE', '/factors/recovery-codes', [], 'user'],
  ['POST', '/admin/users', ['id', 'aud', 'role', 'email', 'phone', 'password', 'password_hash', 'email_confirm', 'phone_confirm', 'user_metadata', 'app_metadata', 'ban_duration'], 'service'],
  ['GET', `/admin/users/${randomUUID()}`, [], 'service'],
  ['PUT', `/admin/users/${id.user}`, ['role', 'email', 'phone', 'password', 'password_hash', 'email_confirm', 'user_metadata', 'app_metadata', 'ban_duration'], 'service'],
  ['DELETE', '/admin/users/x', ['should_soft_delete'], 'service'],
  ['GET', `/admin/users/${id.user}/factors`, [], 'service'],
  ['PUT', `/admin/users/${id.user}/factors/${id.totp}`, ['friendly_name', 'phone'], 'service'],
  ['DELETE', `/admin/users/${id.user}/factors/${randomUUID()}`, [], 'service'],
  ['POST', '/admin/generate_link', ['type', 'email', 'new_email', 'password', 'data', 'redirect_to'], 'service'],
]

/** mulberry32: small, seeded, good enough to pick from lists. */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const oddValues = [
  null, true, false, 0, -1, 1.5, 1e308, 9007199254740993, '', ' ', 'x', 'x'.repeat(300), 'é\u0000\ud800', '\ud800', 'a\u0000b', 'a\u0000b@example.com', { 'k\u0000': 'v\u0000' }, '%00', "'; drop table auth.users; --",
  '{{ .Token }}', '<script>', '../../etc/passwd', 'a@b.example', 'A@B.EXAMPLE\r\nBcc: x@y.example', '+15551234567', '+00000000000000000000', '123456',
  '00000000-0000-0000-0000-000000000000', randomUUID(), 'sms', 'whatsapp', 'signup', 'email_change', 'totp', 'phone', 'webauthn', 's256',
  '24h', '99999999999999h', '-1h', [], {}, [[]], { a: null }, { type: 'create' }, { type: 'create', credential_response: {} },
  { type: 'request', credential_response: { id: 'x', rawId: 'x', response: {}, type: 'public-key' } }, 'a'.repeat(73), '$2a$99$' + 'x'.repeat(53),
  { __proto__: { x: 1 }, sub: 'evil', nested: { deep: [1, [2, [3]]] } }, 'pkce_' + 'a'.repeat(56), '\u202e\ufeff', 'a'.repeat(12),
]

const rawBodies = () => [
  Buffer.alloc(0), Buffer.from('null'), Buffer.from('[]'), Buffer.from('"text"'), Buffer.from('{'), Buffer.from('{"email":'),
  Buffer.from([0xff, 0xfe, 0x00, 0x80]), Buffer.from('{"email":"\xff\xfe"}', 'latin1'), Buffer.from('{"email":"\\ud800"}'),
  Buffer.from('['.repeat(10_000)), Buffer.from('{"a":'.repeat(5_000)), Buffer.from(`{"password":"${'x'.repeat(2 << 20)}"}`),
  Buffer.from('{"email":1e999}'), Buffer.from('{"email":"a@b.example","email":"c@d.example"}'), Buffer.alloc(3 << 20, 0x20),
]

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

function brokenTokens(server, good) {
  const [header, payload, signature] = good.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  const hs256 = (head, body, secret) => {
    const text = `${base64url(head)}.${base64url(body)}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const kid = JSON.parse(Buffer.from(header, 'base64url')).kid
  const now = Math.floor(Date.now() / 1000)
  return [
    `${base64url({ alg: 'none', typ: 'JWT' })}.${payload}.`,
    `${base64url({ alg: 'None' })}.${payload}.${signature}`,
    `${base64url({ alg: 'RS256', kid })}.${payload}.${signature}`,
    `${base64url({ alg: 'ES256', kid: 'unknown' })}.${payload}.${signature}`,
    hs256({ alg: 'HS256', kid }, claims, server.jwtSecret),
    hs256({ alg: 'HS256' }, { ...claims, exp: now - 1 }, server.jwtSecret),
    hs256({ alg: 'HS256' }, { ...claims, nbf: now + 600 }, server.jwtSecret),
    hs256({ alg: 'HS256' }, claims, 'another secret'),
    `${header}.${base64url({ ...claims, role: 'service_role' })}.${signature}`,
    `${header}.${payload}.${base64url('x')}`, `${header}.${payload}`, '..', 'a.b.c', '', 'x'.repeat(20_000), `${good} trailing`,
  ]
}

/** Tokens with a good signature whose claims make no sense: refused, but not as forgeries. */
function strangeTokens(server) {
  const sign = (body) => {
    const text = `${base64url({ alg: 'HS256' })}.${base64url(body)}`
    return `${text}.${createHmac('sha256', server.jwtSecret).update(text).digest('base64url')}`
  }
  const exp = Math.floor(Date.now() / 1000) + 600
  return [
    { exp }, { exp, sub: 5 }, { exp, sub: '' }, { exp, sub: 'x' }, { exp, sub: randomUUID() }, { exp, sub: randomUUID(), session_id: 'x' },
    { exp, sub: randomUUID(), session_id: randomUUID(), aud: [] }, { exp: 'never', sub: randomUUID() }, { exp, role: ['service_role'] }, [], 'text', null,
  ].map(sign)
}

const agent = () => new http.Agent({ keepAlive: true, maxSockets: 8 })

function send(server, use, { method, path, body, headers }) {
  return new Promise((done, failed) => {
    const request = http.request(`${server.apiUrl}/auth/v1${path}`, { method, headers, agent: use }, (answer) => {
      const chunks = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() }))
    })
    // A body that is refused early may be cut off while it is still being sent.
    request.on('error', (error) => (['EPIPE', 'ECONNRESET'].includes(error.code) ? done({ status: 413, headers: {}, text: '' }) : failed(error)))
    if (body) request.write(body)
    request.end()
  })
}

async function prepare(server) {
  const { supabase, id: user } = await newUser(server)
  const totp = ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'a' })).id
  const phone = ok(await supabase.auth.mfa.enroll({ factorType: 'phone', phone: '+15550001111', friendlyName: 'b' })).id
  const webauthn = ok(await supabase.auth.mfa.enroll({ factorType: 'webauthn', friendlyName: 'c' })).id
  return { user, totp, phone, webauthn, token: await accessToken(supabase) }
}

test(`bad input is refused, never an internal error (seed ${seed})`, { timeout: 240_000 }, async () => {
  const { server } = shared
  const random = generator(seed)
  const pick = (list) => list[Math.floor(random() * list.length)]
  const id = await prepare(server)
  const tokens = { anon: server.anonKey, user: id.token, service: server.serviceKey }
  const cases = []
  const add = (method, path, body, token, more = {}) => {
    const isJson = body !== undefined && !Buffer.isBuffer(body)
    const bytes = isJson ? Buffer.from(JSON.stringify(body)) : body
    const headers = { apikey: server.anonKey, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more }
    if (bytes) headers['content-length'] = bytes.length
    cases.push({ method, path, body: bytes, headers })
  }
  for (const [method, path, fields, who] of endpoints(id)) {
    const token = tokens[who]
    for (const field of fields) for (const value of oddValues) add(method, path, { [field]: value }, token)
    for (let mix = 0; mix < fields.length * 6; mix++) {
      add(method, path, Object.fromEntries(fields.filter(() => random() < 0.6).map((field) => [field, pick(oddValues)])), token)
    }
    for (const body of rawBodies()) add(method, path, body, token)
    add(method, path, {}, token, { 'x-supabase-api-version': pick(['2024-01-01', '', 'soon', '9999-99-99']) })
    add(method, path, {}, token, { 'x-forwarded-for': pick(['1.2.3.4', '::1', 'nobody', ', ,']), 'x-jwt-aud': pick(['', 'other', 'x'.repeat(400)]) })
    add(method, `${path}${path.includes('?') ? '&' : '?'}redirect_to=${pick(['%', '%zz', 'javascript:x', '//evil', 'http://[', '%0d%0aset-cookie:x'])}`, {}, token)
    for (const broken of brokenTokens(server, id.token)) add(method, path, {}, broken)
    for (const strange of strangeTokens(server)) add(method, path, {}, strange)
    for (const other of ['PATCH', 'TRACE', 'PUT', 'DELETE', 'OPTIONS']) add(other, path, undefined, token)
  }
  // Ends the session of the token, so it comes last.
  const use = agent()
  const bad = []
  let next = 0
  const worker = async () => {
    while (next < cases.length) {
      const one = cases[next++]
      const { status, text } = await send(server, use, one)
      if (status >= 500) bad.push(`${status} ${one.method} ${one.path} ${one.body?.toString().slice(0, 200)}: ${text.slice(0, 200)}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  use.destroy()
  assert.deepEqual(bad.slice(0, 20), [], `${bad.length} of ${cases.length} requests`)
  assert.ok(await isHealthy(server.apiUrl))
  console.log(`${cases.length} requests`)
})

test('a broken token never passes', async () => {
  const { server } = shared
  const { supabase } = await newUser(server)
  const good = await accessToken(supabase)
  const use = agent()
  const ask = (token) =>
    send(server, use, { method: 'GET', path: '/user', headers: { apikey: server.anonKey, authorization: `Bearer ${token}` } })
  assert.equal((await ask(good)).status, 200)
  for (const token of brokenTokens(server, good)) assert.ok([401, 403].includes((await ask(token)).status), token.slice(0, 200))
  for (const token of strangeTokens(server)) assert.ok([400, 401, 403].includes((await ask(token)).status), token)
  use.destroy()
})
