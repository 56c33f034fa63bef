// Passkeys, through the official client, with a security key in software. In a browser: browser/passkeys.test.mjs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessToken, admin, claimsOf, client, newUser, ok, refused, request } from '../kit/client.mjs'
import { plugIn, SecurityKey } from '../kit/security-key.mjs'
import { generous, world } from '../kit/world.mjs'

const origin = 'http://localhost:3000'
const shared = world({
  name: 'passkeys',
  config: {
    ...generous,
    'auth.site_url': origin,
    'auth.passkey.enabled': true,
    'auth.webauthn.rp_id': 'localhost',
    'auth.webauthn.rp_display_name': 'Suite',
    'auth.webauthn.rp_origins': [origin],
  },
})

test('register, sign in, list, rename and remove', async () => {
  const { supabase, id, email } = await newUser(shared.server)
  const aaguid = Buffer.from('2fc0579f811347eab116bb5a8db9202a', 'hex')
  const unplug = plugIn(new SecurityKey({ origin, aaguid }))
  try {
    const made = ok(await supabase.auth.registerPasskey())
    assert.equal(made.friendly_name, 'YubiKey 5 Series with NFC')
    const somebody = client(shared.server)
    const events = []
    somebody.auth.onAuthStateChange((event) => events.push(event))
    const { user, session } = ok(await somebody.auth.signInWithPasskey())
    assert.equal(user.email, email)
    assert.ok(events.includes('SIGNED_IN'))
    const claims = claimsOf(session.access_token)
    assert.deepEqual([claims.aal, claims.amr.map((entry) => entry.method)], ['aal1', ['passkey']])
    ok(await somebody.auth.refreshSession())

    const [listed, ...none] = ok(await somebody.auth.passkey.list())
    assert.deepEqual(none, [])
    assert.equal(listed.id, made.id)
    assert.ok(Date.parse(listed.last_used_at) >= Date.parse(listed.created_at))
    const renamed = ok(await somebody.auth.passkey.update({ passkeyId: made.id, friendlyName: 'blue one' }))
    assert.deepEqual(renamed, { ...listed, friendly_name: 'blue one' })
    refused(await somebody.auth.passkey.update({ passkeyId: made.id, friendlyName: '' }), 'validation_failed', 400)

    const trusted = admin(shared.server)
    const [seen] = ok(await trusted.auth.admin.passkey.listPasskeys({ userId: id }))
    assert.deepEqual(seen, renamed)
    assert.equal(ok(await somebody.auth.passkey.delete({ passkeyId: made.id })), null)
    assert.deepEqual(ok(await supabase.auth.passkey.list()), [])
    const gone = refused(await client(shared.server).auth.signInWithPasskey(), 'webauthn_verification_failed', 400)
    assert.equal(gone.message, 'Credential verification failed')
  } finally {
    unplug()
  }
})

test('the same in two steps, and an administrator takes it away', async () => {
  const { supabase, id } = await newUser(shared.server)
  const key = new SecurityKey({ origin })
  const { challenge_id: challengeId, options } = ok(await supabase.auth.passkey.startRegistration())
  assert.equal(options.rp.name, 'Suite')
  const registration = { challengeId, credential: key.create(options) }
  const made = ok(await supabase.auth.passkey.verifyRegistration(registration))
  assert.equal(made.friendly_name, 'Passkey')
  refused(await supabase.auth.passkey.verifyRegistration(registration), 'webauthn_challenge_not_found', 400)

  const somebody = client(shared.server)
  const asked = ok(await somebody.auth.passkey.startAuthentication())
  assert.deepEqual(asked.options.allowCredentials, [])
  assert.ok(asked.expires_at > Date.now() / 1000 && asked.expires_at <= Date.now() / 1000 + 301)
  const answer = { challengeId: asked.challenge_id, credential: key.get(asked.options) }
  const { user } = ok(await somebody.auth.passkey.verifyAuthentication(answer))
  assert.equal(user.id, id)
  refused(await somebody.auth.passkey.verifyAuthentication(answer), 'webauthn_challenge_not_found', 400)

  const trusted = admin(shared.server)
  assert.equal(ok(await trusted.auth.admin.passkey.deletePasskey({ userId: id, passkeyId: made.id })), null)
  assert.deepEqual(ok(await trusted.auth.admin.passkey.listPasskeys({ userId: id })), [])
  refused(await somebody.auth.admin.passkey.listPasskeys({ userId: id }), 'not_admin', 403)
})

test('ten for one user, and nobody else may touch them', async () => {
  const { supabase } = await newUser(shared.server)
  const other = (await newUser(shared.server)).supabase
  for (let made = 0; made < 10; made += 1) {
    const { challenge_id: challengeId, options } = ok(await supabase.auth.passkey.startRegistration())
    assert.equal(options.excludeCredentials.length, made)
    ok(await supabase.auth.passkey.verifyRegistration({ challengeId, credential: new SecurityKey({ origin }).create(options) }))
  }
  const full = refused(await supabase.auth.passkey.startRegistration(), 'too_many_passkeys', 422)
  assert.equal(full.message, 'Maximum number of passkeys reached')
  const [first] = ok(await supabase.auth.passkey.list())
  const { status } = await request(shared.server, 'DELETE', `/passkeys/${first.id}`, { token: await accessToken(other) })
  assert.equal(status, 404)
  assert.equal(ok(await supabase.auth.passkey.list()).length, 10)
})

test('a page elsewhere has a key for nothing', async () => {
  const { supabase } = await newUser(shared.server)
  const key = new SecurityKey({ origin })
  const { challenge_id: challengeId, options } = ok(await supabase.auth.passkey.startRegistration())
  ok(await supabase.auth.passkey.verifyRegistration({ challengeId, credential: key.create(options) }))
  for (const page of ['https://evil.example', 'http://localhost:3001', 'https://localhost:3000']) {
    key.origin = page
    const asked = ok(await client(shared.server).auth.passkey.startAuthentication())
    const answer = { challengeId: asked.challenge_id, credential: key.get(asked.options) }
    refused(await client(shared.server).auth.passkey.verifyAuthentication(answer), 'webauthn_verification_failed', 400)
  }
})
