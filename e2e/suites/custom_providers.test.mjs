// An administrator adds an OpenID provider of the project's own, and people sign in with it.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { makeCertificate } from '../kit/certificate.mjs'
import { admin, claimsOf, client, newEmail, ok, refused } from '../kit/client.mjs'
import { Provider } from '../kit/provider.mjs'
import { generous, world } from '../kit/world.mjs'

const app = 'http://127.0.0.1:3000/welcome'
const certificate = makeCertificate()
const provider = await Provider.start(certificate)
after(() => {
  provider.stop()
  certificate.remove()
})

const shared = world({
  name: 'custom-providers',
  config: { ...generous, 'auth.site_url': 'http://127.0.0.1:3000', 'auth.allow_private_addresses': true },
  env: { SSL_CERT_FILE: certificate.file },
})

const administrator = () => admin(shared.server).auth.admin.customProviders
const acme = (more) => ({
  provider_type: 'oidc', identifier: 'custom:acme', name: 'Acme', client_id: 'oidc-client', client_secret: 'client secret',
  scopes: ['openid', 'email'], issuer: provider.url, ...more,
})

describe('admin.customProviders', () => {
  test('a provider is added with what its server says, and listed', async () => {
    const providers = administrator()
    assert.deepEqual(ok(await providers.listProviders()).providers, [])
    const made = ok(await providers.createProvider(acme()))
    assert.equal(made.discovery_document.token_endpoint, `${provider.url}/token`)
    assert.equal(made.client_secret, undefined)
    assert.deepEqual(ok(await providers.listProviders({ type: 'oidc' })).providers, [made])
    assert.deepEqual(ok(await providers.listProviders({ type: 'oauth2' })).providers, [])
    assert.deepEqual(ok(await providers.getProvider('custom:acme')), made)
    refused(await providers.createProvider(acme()), 'conflict', 400)
  })

  test('a document of another issuer is refused, when adding and when changing', async () => {
    const providers = administrator()
    const elsewhere = { issuer: `${provider.url}/elsewhere`, discovery_url: `${provider.url}/.well-known/openid-configuration` }
    refused(await providers.createProvider(acme({ identifier: 'custom:moved', ...elsewhere })), 'validation_failed', 400)
    refused(await providers.updateProvider('custom:acme', elsewhere), 'validation_failed', 400)
    assert.equal(ok(await providers.getProvider('custom:acme')).issuer, provider.url)
    const nowhere = { identifier: 'custom:nowhere', issuer: 'https://127.0.0.1:1' }
    refused(await providers.createProvider(acme(nowhere)), 'validation_failed', 400)
  })

  for (const flowType of ['implicit', 'pkce']) {
    test(`people sign in with it (${flowType})`, async () => {
      const person = { id: randomInt(1, 2 ** 40), email: newEmail('person') }
      const supabase = client(shared.server, { auth: { flowType } })
      const options = { redirectTo: app, skipBrowserRedirect: true }
      const { url } = ok(await supabase.auth.signInWithOAuth({ provider: 'custom:acme', options }))
      const page = (await fetch(url, { redirect: 'manual' })).headers.get('location')
      const arrived = await fetch(provider.agree(person, page), { redirect: 'manual' })
      const target = new URL(arrived.headers.get('location'))
      const { user, session } = flowType === 'pkce'
        ? ok(await supabase.auth.exchangeCodeForSession(target.searchParams.get('code')))
        : ok(await supabase.auth.setSession(Object.fromEntries(new URLSearchParams(target.hash.slice(1)))))
      assert.equal(user.email, person.email)
      assert.deepEqual(user.app_metadata, { provider: 'custom:acme', providers: ['custom:acme'] })
      assert.deepEqual(claimsOf(session.access_token).amr.map(({ method }) => method), ['oauth'])
    })
  }

  test('an ID token of it opens a session', async () => {
    const person = { id: randomInt(1, 2 ** 40), email: newEmail('person') }
    const supabase = client(shared.server)
    const { user } = ok(await supabase.auth.signInWithIdToken({ provider: 'custom:acme', token: provider.idToken(person) }))
    assert.equal(user.email, person.email)
    const stranger = provider.idToken(person, { iss: 'https://evil.example' })
    refused(await supabase.auth.signInWithIdToken({ provider: 'custom:acme', token: stranger }), undefined, 400)
  })

  test('one that is switched off or removed signs nobody in', async () => {
    const providers = administrator()
    assert.equal(ok(await providers.updateProvider('custom:acme', { enabled: false })).enabled, false)
    const token = provider.idToken({ id: 1, email: newEmail('person') })
    const supabase = client(shared.server)
    refused(await supabase.auth.signInWithIdToken({ provider: 'custom:acme', token }), 'provider_disabled', 400)
    assert.deepEqual(await providers.deleteProvider('custom:acme'), { data: null, error: null })
    refused(await providers.getProvider('custom:acme'), 'custom_provider_not_found', 404)
    refused(await providers.deleteProvider('custom:acme'), 'custom_provider_not_found', 404)
    refused(await supabase.auth.signInWithIdToken({ provider: 'custom:acme', token }), 'validation_failed', 400)
  })
})
