// Everything of the client's Auth reference outside of MFA that this version serves.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accessToken, admin, claimsOf, client, newEmail, newPhone, newUser, ok, password, refused, request, session, signedIn,
} from '../kit/client.mjs'
import { generous, impatient, world } from '../kit/world.mjs'

const site = 'http://127.0.0.1:3000'
const shared = world({
  name: 'basics',
  config: {
    ...generous,
    ...impatient,
    'auth.site_url': site,
    'auth.enable_anonymous_sign_ins': true,
    'auth.email.enable_confirmations': true,
    'auth.email.secure_password_change': true,
    'auth.sms.enable_signup': true,
    'auth.sms.enable_confirmations': true,
  },
})

describe('sign-up', () => {
  test('by mail: the link of the inbox signs in', async () => {
    const { server, inbox } = shared
    const email = newEmail('new')
    const supabase = client(server)
    const { user, session: none } = ok(await supabase.auth.signUp({ email, password, options: { data: { name: 'Ann' } } }))
    assert.equal(none, null)
    assert.equal(user.identities.length, 1)
    assert.equal(user.user_metadata.name, 'Ann')
    refused(await supabase.auth.signInWithPassword({ email, password }), 'email_not_confirmed', 400)

    const answer = await fetch(await inbox.link(email), { redirect: 'manual' })
    assert.equal(answer.status, 303)
    const target = new URL(answer.headers.get('location'))
    assert.equal(target.origin, site)
    const fragment = new URLSearchParams(target.hash.slice(1))
    assert.equal(fragment.get('type'), 'signup')
    ok(await supabase.auth.setSession({ access_token: fragment.get('access_token'), refresh_token: fragment.get('refresh_token') }))
    assert.ok(ok(await supabase.auth.getUser()).user.email_confirmed_at)
    ok(await supabase.auth.signInWithPassword({ email, password }))

    const again = await fetch(await inbox.link(email), { redirect: 'manual' })
    assert.match(again.headers.get('location'), /#error=access_denied&error_code=otp_expired/)
  })

  test('an existing address cannot be told from a new one', async () => {
    const { email } = await newUser(shared.server)
    const { user } = ok(await client(shared.server).auth.signUp({ email, password: 'another one 2' }))
    assert.deepEqual(user.identities, [])
    assert.equal((await shared.inbox.list(email)).length, 0)
  })

  test('by phone: the code of the inbox signs in', async () => {
    const { server, inbox } = shared
    const phone = newPhone()
    const supabase = client(server)
    ok(await supabase.auth.signUp({ phone, password }))
    const token = await inbox.smsCode(phone)
    const { user } = ok(await supabase.auth.verifyOtp({ phone, token, type: 'sms' }))
    assert.equal(user.phone, phone.slice(1))
    ok(await client(server).auth.signInWithPassword({ phone, password }))
  })

  test('resend', async () => {
    const { server, inbox } = shared
    const email = newEmail('resend')
    const supabase = client(server)
    ok(await supabase.auth.signUp({ email, password }))
    ok(await supabase.auth.resend({ type: 'signup', email }))
    const token = await inbox.code(email, 2)
    ok(await supabase.auth.verifyOtp({ email, token, type: 'signup' }))
  })

  test('weak, long and missing passwords', async () => {
    const supabase = client(shared.server)
    const weak = refused(await supabase.auth.signUp({ email: newEmail(), password: 'abc' }), 'weak_password', 422)
    assert.deepEqual(weak.reasons, ['length'])
    refused(await supabase.auth.signUp({ email: newEmail(), password: 'x'.repeat(73) }), 'validation_failed', 400)
  })

  test('anonymous, then with an address', async () => {
    const { server, inbox } = shared
    const supabase = client(server)
    const { user } = ok(await supabase.auth.signInAnonymously({ options: { data: { theme: 'dark' } } }))
    assert.equal(user.is_anonymous, true)
    const email = newEmail('convert')
    ok(await supabase.auth.updateUser({ email }))
    const token = await inbox.code(email)
    const { user: converted } = ok(await supabase.auth.verifyOtp({ email, token, type: 'email_change' }))
    assert.equal(converted.id, user.id)
    assert.equal(converted.is_anonymous, false)
    assert.equal(converted.user_metadata.theme, 'dark')
  })
})

describe('sign-in', () => {
  test('with a password: one answer for a wrong one and for nobody', async () => {
    const { email } = await newUser(shared.server)
    const wrong = refused(await client(shared.server).auth.signInWithPassword({ email, password: 'wrong' }), 'invalid_credentials', 400)
    const nobody = refused(
      await client(shared.server).auth.signInWithPassword({ email: newEmail(), password }), 'invalid_credentials', 400)
    assert.equal(wrong.message, nobody.message)
  })

  test('with a code by mail and by SMS', async () => {
    const { server, inbox } = shared
    const { email, id } = await newUser(server)
    const supabase = client(server)
    ok(await supabase.auth.signInWithOtp({ email }))
    const { user } = ok(await supabase.auth.verifyOtp({ email, token: await inbox.code(email), type: 'email' }))
    assert.equal(user.id, id)

    const phone = newPhone()
    ok(await supabase.auth.signInWithOtp({ phone }))
    ok(await supabase.auth.verifyOtp({ phone, token: await inbox.smsCode(phone), type: 'sms' }))
    refused(await supabase.auth.signInWithOtp({ email: newEmail(), options: { shouldCreateUser: false } }), 'otp_disabled', 422)
  })

  test('a code is used once, by one of many at the same time', async () => {
    const { server, inbox } = shared
    const { email } = await newUser(server)
    ok(await client(server).auth.signInWithOtp({ email }))
    const token = await inbox.code(email)
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => client(server).auth.verifyOtp({ email, token, type: 'email' })))
    assert.equal(answers.filter(({ error }) => !error).length, 1)
  })

  test('claims verify locally with the published key', async () => {
    const { supabase, id } = await newUser(shared.server)
    const { claims, header } = ok(await supabase.auth.getClaims())
    assert.equal(header.alg, 'ES256')
    assert.equal(claims.sub, id)
    assert.equal(claims.iss, `${shared.server.apiUrl}/auth/v1`)
    const jwks = await (await fetch(`${shared.server.apiUrl}/auth/v1/.well-known/jwks.json`)).json()
    assert.deepEqual(jwks.keys.map((key) => [key.kid, key.d]), [[header.kid, undefined]])
  })

  test('the opaque keys work like the JWT keys', async () => {
    const { server } = shared
    const email = newEmail('opaque')
    const trusted = admin(server, server.secretKey)
    ok(await trusted.auth.admin.createUser({ email, password, email_confirm: true }))
    const supabase = client(server, { key: server.publishableKey })
    ok(await supabase.auth.signInWithPassword({ email, password }))
    assert.equal(ok(await supabase.auth.getUser()).user.email, email)
    assert.equal((await request(server, 'GET', '/settings', { key: 'sb_publishable_wrong' })).status, 401)
    assert.equal((await request(server, 'GET', '/settings', { key: null, token: null })).status, 401)
  })
})

describe('sessions', () => {
  test('refresh rotates; an old token ends the family', async () => {
    const { supabase } = await newUser(shared.server)
    const first = await session(supabase)
    const { session: second } = ok(await supabase.auth.refreshSession())
    assert.notEqual(second.refresh_token, first.refresh_token)
    const { session: third } = ok(await supabase.auth.refreshSession())
    await shared.database.rows("update auth.refresh_tokens set updated_at = updated_at - interval '1 minute'")
    refused(await client(shared.server).auth.refreshSession({ refresh_token: first.refresh_token }), 'refresh_token_already_used', 400)
    refused(await client(shared.server).auth.refreshSession({ refresh_token: third.refresh_token }), 'refresh_token_already_used', 400)
  })

  test('sign-out: local, others, global', async () => {
    const { server } = shared
    const { supabase: first, email } = await newUser(server)
    const second = await signedIn(server, { email })
    const third = await signedIn(server, { email })
    const dead = await accessToken(third)
    ok({ data: true, ...(await third.auth.signOut({ scope: 'local' })) })
    assert.equal((await request(server, 'GET', '/user', { token: dead })).json.error_code, 'session_not_found')
    ok(await second.auth.getUser())
    ok({ data: true, ...(await first.auth.signOut({ scope: 'others' })) })
    assert.equal((await second.auth.getUser()).error?.name, 'AuthSessionMissingError')
    const last = await accessToken(first)
    ok({ data: true, ...(await first.auth.signOut()) })
    assert.equal((await request(server, 'GET', '/user', { token: last })).status, 403)
  })
})

describe('the user', () => {
  test('metadata merges, null removes', async () => {
    const { supabase } = await newUser(shared.server)
    ok(await supabase.auth.updateUser({ data: { a: 1, b: 2 } }))
    const { user } = ok(await supabase.auth.updateUser({ data: { a: null, c: 3 } }))
    assert.equal('a' in user.user_metadata, false)
    assert.deepEqual([user.user_metadata.b, user.user_metadata.c], [2, 3])
  })

  test('a new address needs both confirmations', async () => {
    const { server, inbox } = shared
    const { supabase, email } = await newUser(server)
    const newAddress = newEmail('moved')
    const { user } = ok(await supabase.auth.updateUser({ email: newAddress }))
    assert.equal(user.new_email, newAddress)
    const half = await request(server, 'POST', '/verify', { body: { type: 'email_change', email, token: await inbox.code(email) } })
    assert.equal(half.status, 200)
    assert.equal(half.json.access_token, undefined)
    const { user: moved } = ok(await supabase.auth.verifyOtp({ email: newAddress, token: await inbox.code(newAddress), type: 'email_change' }))
    assert.equal(moved.email, newAddress)
    assert.equal(claimsOf(await accessToken(supabase)).email, newAddress)
  })

  test('a forgotten password', async () => {
    const { server, inbox } = shared
    const { supabase: other, email } = await newUser(server)
    const supabase = client(server)
    ok(await supabase.auth.resetPasswordForEmail(email))
    const token_hash = (await inbox.link(email)).searchParams.get('token')
    ok(await supabase.auth.verifyOtp({ token_hash, type: 'recovery' }))
    ok(await supabase.auth.updateUser({ password: 'a brand new pw 2' }))
    assert.equal((await other.auth.getUser()).error?.name, 'AuthSessionMissingError')
    refused(await client(server).auth.signInWithPassword({ email, password }), 'invalid_credentials')
    ok(await client(server).auth.signInWithPassword({ email, password: 'a brand new pw 2' }))
    ok(await client(server).auth.resetPasswordForEmail(newEmail('nobody')))
  })

  test('an old session needs a nonce to change the password', async () => {
    const { inbox, database } = shared
    const { supabase, email, id } = await newUser(shared.server)
    await database.rows("update auth.sessions set created_at = created_at - interval '25 hours' where user_id = $1", [id])
    refused(await supabase.auth.updateUser({ password: 'a brand new pw 2' }), 'reauthentication_needed', 400)
    ok(await supabase.auth.reauthenticate())
    refused(await supabase.auth.updateUser({ password: 'a brand new pw 2', nonce: '000000' }), 'reauthentication_not_valid', 422)
    ok(await supabase.auth.updateUser({ password: 'a brand new pw 2', nonce: await inbox.code(email) }))
  })

  test('administration', async () => {
    const { server } = shared
    const trusted = admin(server)
    const { user } = ok(await trusted.auth.admin.createUser({ email: newEmail('made'), password, app_metadata: { plan: 'x' } }))
    const { user: changed } = ok(await trusted.auth.admin.updateUserById(user.id, { email_confirm: true, ban_duration: '1h' }))
    assert.equal(changed.app_metadata.plan, 'x')
    refused(await client(server).auth.signInWithPassword({ email: user.email, password }), 'user_banned', 400)
    ok(await trusted.auth.admin.updateUserById(user.id, { ban_duration: 'none' }))
    const supabase = await signedIn(server, { email: user.email })
    ok(await trusted.auth.admin.deleteUser(user.id))
    refused(await supabase.auth.getUser(), 'user_not_found')
    refused(await trusted.auth.admin.getUserById(user.id), 'user_not_found', 404)
    refused(await supabase.auth.admin.getUserById(user.id), 'not_admin', 403)
  })
})
