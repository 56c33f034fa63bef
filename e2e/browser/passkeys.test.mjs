// Passkeys as a person uses them: the official client in a page of Chromium, which asks its own (virtual) authenticator.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { App, complaintsOf, launch } from '../kit/browser.mjs'
import { newEmail, password } from '../kit/client.mjs'
import { generous, world } from '../kit/world.mjs'

const app = await App.start()
// An address has no passkeys: they belong to a name.
const origin = app.url.replace('127.0.0.1', 'localhost')
const shared = world({
  name: 'browser-passkeys',
  prepare: ({ server }) => app.connect(server),
  config: {
    ...generous,
    'auth.site_url': origin,
    'auth.passkey.enabled': true,
    'auth.webauthn.rp_id': 'localhost',
    'auth.webauthn.rp_display_name': 'An app',
    'auth.webauthn.rp_origins': [origin],
  },
})

let browser
before(async () => { browser = await launch() })
after(async () => {
  await browser?.close()
  app.stop()
})

/** A person on the app's page, with an authenticator of this kind. */
async function visitor(authenticator = {}) {
  const page = await (await browser.newContext()).newPage()
  const complaints = complaintsOf(page)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true, ...authenticator,
    },
  })
  await page.goto(`${origin}/implicit`)
  /** Calls a method of the page's client. */
  const call = (path, ...input) => page.evaluate(async ([path, input]) => {
    const names = path.split('.')
    const method = names.pop()
    const owner = names.reduce((object, name) => object[name], client.auth)
    const { data, error } = await owner[method](...input)
    return { data, error: error && { code: error.code, name: error.name, message: error.message } }
  }, [path, input])
  const held = async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials
  return { page, complaints, call, held, devtools, authenticatorId }
}

const ok = ({ data, error }) => {
  assert.equal(error, null)
  return data
}

test('a passkey is made, signs in without a name, and is looked after', { timeout: 120_000 }, async () => {
  const person = await visitor()
  const email = newEmail('passkey')
  ok(await person.call('signUp', { email, password }))
  const made = ok(await person.call('registerPasskey'))
  assert.equal(made.friendly_name, 'Passkey')
  const [credential, ...others] = await person.held()
  assert.deepEqual(others, [])
  assert.equal(credential.isResidentCredential, true)
  assert.equal(credential.rpId, 'localhost')
  // The authenticator that has one declines to make a second.
  const twice = await person.call('registerPasskey')
  assert.match(`${twice.error.name} ${twice.error.code}`, /PREVIOUSLY_REGISTERED|InvalidState/)

  for (let time = 0; time < 2; time += 1) {
    ok(await person.call('signOut'))
    await person.page.locator('#who', { hasText: 'nobody' }).waitFor()
    const { user } = ok(await person.call('signInWithPasskey'))
    assert.equal(user.email, email)
    await person.page.locator('#who', { hasText: email }).waitFor()
  }
  const claims = ok(await person.call('getClaims')).claims
  assert.deepEqual(claims.amr.map((entry) => entry.method), ['passkey'])
  const [listed] = ok(await person.call('passkey.list'))
  assert.ok(listed.last_used_at)
  assert.equal(ok(await person.call('passkey.update', { passkeyId: made.id, friendlyName: 'laptop' })).friendly_name, 'laptop')
  // The session goes on; the passkey opens no other.
  ok(await person.call('passkey.delete', { passkeyId: made.id }))
  assert.deepEqual(ok(await person.call('passkey.list')), [])
  const gone = await person.call('signInWithPasskey')
  assert.equal(gone.error.code, 'webauthn_verification_failed')
  assert.deepEqual(person.complaints.filter((complaint) => !complaint.includes('400')), [])
})

test('whoever has the device but not the finger stays outside', { timeout: 120_000 }, async () => {
  const person = await visitor()
  ok(await person.call('signUp', { email: newEmail('finger'), password }))
  ok(await person.call('registerPasskey'))
  ok(await person.call('signOut'))
  await person.devtools.send('WebAuthn.setUserVerified', { authenticatorId: person.authenticatorId, isUserVerified: false })
  const outside = await person.call('signInWithPasskey')
  assert.ok(outside.error, 'the authenticator could not verify its user')
  await person.devtools.send('WebAuthn.setUserVerified', { authenticatorId: person.authenticatorId, isUserVerified: true })
  ok(await person.call('signInWithPasskey'))
})
