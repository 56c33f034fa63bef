// The rows of a hosted project move in: `dump/auth.sql` goes into a fresh backend by psql, and its users go on as if nothing
// had happened. Nobody's password hash is rewritten by a sign-in: the original does not do that either.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { admin, claimsOf, client, ok, password, refused, request, signedIn } from '../kit/client.mjs'
import { Authenticator } from '../kit/totp.mjs'
import { generous, impatient, world } from '../kit/world.mjs'

const file = fileURLToPath(new URL('./dump/auth.sql', import.meta.url))
const id = (number) => `${number.toString(16).padStart(8, '0')}-1111-4111-8111-111111111111`

const shared = world({
  name: 'dump',
  config: {
    ...generous, ...impatient,
    'auth.sms.enabled': true,
    'auth.mfa.totp.enroll_enabled': true,
    'auth.mfa.totp.verify_enabled': true,
    'auth.email.enable_confirmations': true,
  },
  // As the user of hosted projects, who is no superuser.
  prepare: ({ server }) => {
    const { status, stderr } = spawnSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file, server.dbUrl], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  },
})

async function hashOf(number) {
  const [row] = await shared.database.rows('select encrypted_password from auth.users where id = $1', [id(number)])
  return row.encrypted_password
}

const passwords = [
  ['ann', 1, '$2a$'], ['bea', 2, '$2b$'], ['cyd', 3, '$2y$'], ['dan', 4, '$argon2i$', 'password'],
  ['eve', 5, '$argon2id$', 'password'], ['fay', 6, '$fbscrypt$', 'user1password'], ['ned', 14, '$2b$04$'],
]

for (const [name, number, scheme, secret = password] of passwords) {
  test(`${name} signs in with a ${scheme} hash`, async () => {
    const email = `${name}@example.com`
    const before = await hashOf(number)
    assert.ok(before.startsWith(scheme), before)
    const { user, session } = ok(await client(shared.server).auth.signInWithPassword({ email, password: secret }))
    assert.equal(user.id, id(number))
    assert.equal(claimsOf(session.access_token).email, email)
    refused(await client(shared.server).auth.signInWithPassword({ email, password: `${secret}x` }), 'invalid_credentials', 400)
    assert.equal(await hashOf(number), before)
  })
}

test('a user of the dump changes the password, and the hash becomes ours', async () => {
  const dan = await signedIn(shared.server, { email: 'dan@example.com', password: 'password' })
  ok(await dan.auth.updateUser({ password: 'another horse 2' }))
  assert.ok((await hashOf(4)).startsWith('$2a$10$'))
  ok(await client(shared.server).auth.signInWithPassword({ email: 'dan@example.com', password: 'another horse 2' }))
})

const refresh = (token) => client(shared.server).auth.refreshSession({ refresh_token: token })

test('a session goes on with its refresh token, its history in force', async () => {
  const { session, user } = ok(await refresh('aaaaaaaaaaa3'))
  assert.equal(user.email, 'ann@example.com')
  const claims = claimsOf(session.access_token)
  assert.equal(claims.session_id, '00000001-4444-4444-8444-444444444444')
  assert.deepEqual(claims.amr.map((entry) => entry.method), ['password'])
  // The parent of the active token gets the active one; an older one is a theft.
  assert.equal(ok(await refresh('aaaaaaaaaaa3')).session.refresh_token, session.refresh_token)
  refused(await refresh('aaaaaaaaaaa1'), 'refresh_token_already_used', 400)
  refused(await refresh(session.refresh_token), 'refresh_token_already_used', 400)
})

test('a session of the second kind goes on by its counter', async () => {
  const key = Buffer.from('c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I', 'base64url')
  const session = Buffer.from('00000002444444448444444444444444', 'hex')
  const payload = Buffer.concat([Buffer.from([0]), session, Buffer.from([3])])
  const signed = Buffer.concat([payload, createHmac('sha256', key).update(payload).digest().subarray(0, 16)])
  const token = Buffer.concat([signed, createHash('sha256').update(signed).digest().subarray(0, 4)]).toString('base64url')
  const answer = ok(await refresh(token))
  assert.equal(answer.user.email, 'bea@example.com')
  const [row] = await shared.database.rows("select refresh_token_counter::int as counter from auth.sessions where id = '00000002-4444-4444-8444-444444444444'")
  assert.equal(row.counter, 4)
})

test('an authenticator of the dump lifts a session to aal2', async () => {
  const ann = await signedIn(shared.server, { email: 'ann@example.com', password })
  const { totp, all } = ok(await ann.auth.mfa.listFactors())
  assert.deepEqual(totp.map((factor) => factor.friendly_name), ['my phone'])
  assert.equal(all.length, 2)
  const app = new Authenticator('otpauth://totp/x:ann?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=x')
  const { id: challengeId } = ok(await ann.auth.mfa.challenge({ factorId: totp[0].id }))
  ok(await ann.auth.mfa.verify({ factorId: totp[0].id, challengeId, code: await app.next() }))
  const { currentLevel, nextLevel } = ok(await ann.auth.mfa.getAuthenticatorAssuranceLevel())
  assert.deepEqual([currentLevel, nextLevel], ['aal2', 'aal2'])
})

test('the phone of a factor gets a code', async () => {
  const bea = await signedIn(shared.server, { email: 'bea@example.com', password })
  const { phone: [factor] } = ok(await bea.auth.mfa.listFactors())
  assert.equal(factor.phone, '4915198765432')
  // Phones as second factors are off here: that the row is a factor is all there is to see.
  refused(await bea.auth.mfa.challenge({ factorId: factor.id }), 'mfa_phone_verify_not_enabled', 422)
})

test('a user with a phone number', async () => {
  const { user } = ok(await client(shared.server).auth.signInWithPassword({ phone: '+4915112345678', password }))
  assert.equal(user.id, id(7))
  assert.equal(user.identities[0].provider, 'phone')
})

test('deleted and banned users stay out', async () => {
  refused(await client(shared.server).auth.signInWithPassword({ email: 'hal@example.com', password }), 'invalid_credentials', 400)
  refused(await client(shared.server).auth.signInWithPassword({ email: 'ida@example.com', password }), 'user_banned', 400)
  refused(await refresh('iiiiiiiiiii1'), 'user_banned', 400)
  // A deleted user's address is free again.
  const { user } = ok(await client(shared.server).auth.signUp({ email: 'hal@example.com', password }))
  assert.notEqual(user.id, id(8))
  assert.equal(ok(await admin(shared.server).auth.admin.getUserById(id(8))).user.email.length, 64)
})

test('an anonymous user goes on', async () => {
  const { user, session } = ok(await refresh('jjjjjjjjjjj1'))
  assert.deepEqual([user.is_anonymous, user.user_metadata], [true, { cart: 7 }])
  assert.equal(claimsOf(session.access_token).is_anonymous, true)
})

test('a user of single sign-on is apart from the one with the same address', async () => {
  // The identity provider's session has ended, and no password leads to this user.
  refused(await refresh('kkkkkkkkkkk1'), 'session_expired', 400)
  const { user } = ok(await admin(shared.server).auth.admin.getUserById(id(11)))
  assert.deepEqual([user.email, user.identities[0].provider], ['ann@example.com', 'sso:aaaaaaaa-3333-4333-8333-333333333333'])
  assert.equal(ok(await client(shared.server).auth.signInWithPassword({ email: 'ann@example.com', password })).user.id, id(1))
})

test('who signed in elsewhere has no password', async () => {
  refused(await client(shared.server).auth.signInWithPassword({ email: 'mia@example.com', password: '' }), 'invalid_credentials', 400)
  refused(await client(shared.server).auth.signInWithPassword({ email: 'mia@example.com', password }), 'invalid_credentials', 400)
  const { user } = ok(await admin(shared.server).auth.admin.getUserById(id(13)))
  assert.deepEqual(user.identities.map((identity) => [identity.provider, identity.id]), [['github', '4711']])
})

test('links from before the move have expired; new ones work', async () => {
  const [{ token_hash }] = await shared.database.rows('select token_hash from auth.one_time_tokens where user_id = $1', [id(12)])
  refused(await client(shared.server).auth.verifyOtp({ type: 'signup', token_hash }), 'otp_expired', 403)
  refused(await client(shared.server).auth.signInWithPassword({ email: 'lee@example.com', password }), 'email_not_confirmed', 400)
  // Sent just before the move, it works.
  await shared.database.rows('update auth.users set confirmation_sent_at = now() where id = $1', [id(12)])
  const { user } = ok(await client(shared.server).auth.verifyOtp({ type: 'signup', token_hash }))
  assert.equal(user.id, id(12))
})

test('a code of an authorization from before the move has expired', async () => {
  const body = { auth_code: '11111111-7777-4777-8777-777777777777', code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' }
  const { status, json } = await request(shared.server, 'POST', '/token?grant_type=pkce', { body })
  assert.deepEqual([status, json.error_code ?? json.code], [422, 'flow_state_expired'])
})

test('administrators see all rows, the log of before included', async () => {
  const { users } = ok(await admin(shared.server).auth.admin.listUsers({ perPage: 50 }))
  const seen = new Set(users.map((user) => user.id))
  for (let number = 1; number <= 14; number++) assert.ok(seen.has(id(number)), `user ${number}`)
  const { json } = await request(shared.server, 'GET', '/admin/audit?query=author:bea', { token: shared.server.serviceKey })
  assert.ok(json.some((entry) => entry.id === '00000002-6666-4666-8666-666666666666'), JSON.stringify(json))
})

test('new tokens do not collide with those that moved in', async () => {
  ok(await client(shared.server).auth.signInWithPassword({ email: 'cyd@example.com', password }))
  const [{ lowest }] = await shared.database.rows('select min(id)::int as lowest from auth.refresh_tokens where user_id = $1', [id(3)])
  assert.ok(lowest > 1006, String(lowest))
})
