// Single sign-on through the official client, with an identity provider whose signatures another library makes.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { after, afterEach, describe, test } from 'node:test'
import { makeCertificate } from '../kit/certificate.mjs'
import { accessToken, claimsOf, client, newEmail, newUser, ok, refused, request } from '../kit/client.mjs'
import { IdentityProvider } from '../kit/identity-provider.mjs'
import { generous, world } from '../kit/world.mjs'

const site = 'http://127.0.0.1:3000'
const app = `${site}/welcome`
const certificate = makeCertificate()
const acme = await IdentityProvider.start()
const other = await IdentityProvider.start(certificate)
after(() => {
  for (const provider of [acme, other]) provider.stop()
  certificate.remove()
})

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'der' })
const shared = world({
  name: 'sso',
  config: {
    ...generous,
    'auth.site_url': site,
    'auth.saml.enabled': true,
    'auth.saml.private_key': key.toString('base64'),
    'auth.saml.allow_encrypted_assertions': true,
    'auth.allow_private_addresses': true,
  },
  env: { SSL_CERT_FILE: certificate.file },
  prepare: async ({ server }) => {
    for (const provider of [acme, other]) await provider.trust(`${server.apiUrl}/auth/v1/sso/saml/metadata`)
    shared.acme = await connect(acme, {
      domains: ['acme.example'],
      attribute_mapping: { keys: { name: { name: 'displayName' }, groups: { name: 'groups', array: true } } },
    })
  },
})

const usual = { ...acme.signing }
afterEach(() => { acme.signing = { ...usual } })

const administer = (method, path = '', body) =>
  request(shared.server, method, `/admin/sso/providers${path}`, { key: shared.server.serviceKey, body })

async function connect(provider, more) {
  const { status, json } = await administer('POST', '', { type: 'saml', metadata_xml: provider.metadata, ...more })
  assert.equal(status, 201, JSON.stringify(json))
  return json
}

const newPerson = () => ({ id: randomUUID(), email: newEmail('person') })
const withFlow = (flowType) => client(shared.server, { auth: { flowType } })

async function begin(supabase, whom = { domain: 'acme.example' }) {
  const { url } = ok(await supabase.auth.signInWithSSO({ ...whom, options: { redirectTo: app, skipBrowserRedirect: true } }))
  return url
}

/** Posts the provider's form, as a browser does, and says where that leads. */
async function carry(fields, status = 302) {
  const answer = await fetch(acme.client.acs, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
  assert.equal(answer.status, status, answer.headers.get('location') ?? await answer.text())
  return new URL(answer.headers.get('location'))
}

async function carryRefused(fields, code) {
  const target = await carry(fields, 303)
  assert.equal(target.origin, site)
  assert.equal(target.searchParams.get('error_code'), code)
  assert.equal(target.hash, '')
}

const tokensOf = (target) => Object.fromEntries(new URLSearchParams(target.hash.slice(1)))

describe('signInWithSSO', () => {
  test('implicit, by domain: the fragment is a session, and a refresh keeps how it began', async () => {
    const person = newPerson()
    const supabase = withFlow('implicit')
    const target = await carry(acme.agree(person, await begin(supabase, { domain: 'ACME.example' })))
    assert.equal(target.origin + target.pathname, app)
    const { user, session } = ok(await supabase.auth.setSession(tokensOf(target)))
    assert.equal(user.email, person.email)
    assert.deepEqual(user.app_metadata, { provider: `sso:${shared.acme.id}`, providers: [`sso:${shared.acme.id}`] })
    assert.equal(user.user_metadata.name, 'Ada <&> Lovelace')
    assert.deepEqual(user.user_metadata.custom_claims, { groups: ['staff', 'admins'] })
    assert.deepEqual(user.identities.map(({ id }) => id), [person.id])
    const amr = (token) => claimsOf(token).amr.map(({ method, provider }) => ({ method, provider }))
    const expected = [{ method: 'sso/saml', provider: shared.acme.id }]
    assert.deepEqual(amr(session.access_token), expected)
    ok(await supabase.auth.refreshSession())
    assert.notEqual(await accessToken(supabase), session.access_token)
    assert.deepEqual(amr(await accessToken(supabase)), expected)
    refused(await supabase.auth.updateUser({ password: 'another horse 2' }), 'user_sso_managed', 422)
  })

  test('PKCE, by provider: the code is exchanged once, into a session that ends when the provider says', async () => {
    const person = newPerson()
    const supabase = withFlow('pkce')
    const target = await carry(acme.agree(person, await begin(supabase, { providerId: shared.acme.id })))
    assert.equal(target.hash, '')
    const code = target.searchParams.get('code')
    const { user, session } = ok(await supabase.auth.exchangeCodeForSession(code))
    assert.equal(user.email, person.email)
    assert.deepEqual(claimsOf(session.access_token).amr[0].provider, shared.acme.id)
    const [{ minutes }] = await shared.database.rows(
      'select (extract(epoch from not_after - now()) / 60)::float8 as minutes from auth.sessions where id = $1', [claimsOf(session.access_token).session_id])
    assert.ok(minutes > 55 && minutes <= 60, minutes)
    await begin(supabase)
    refused(await supabase.auth.exchangeCodeForSession(code), 'flow_state_not_found', 404)
    await shared.database.rows('update auth.sessions set not_after = now() where user_id = $1', [user.id])
    refused(await supabase.auth.refreshSession({ refresh_token: session.refresh_token }), 'session_expired', 400)
  })

  test('an address that somebody has with a password stays theirs', async () => {
    const { email, id } = await newUser(shared.server)
    const supabase = withFlow('implicit')
    const target = await carry(acme.agree({ id: randomUUID(), email }, await begin(supabase)))
    const { user } = ok(await supabase.auth.setSession(tokensOf(target)))
    assert.equal(user.email, email)
    assert.notEqual(user.id, id)
  })

  test('unknown domains and providers are refused in words', async () => {
    const { auth } = withFlow('implicit')
    refused(await auth.signInWithSSO({ domain: 'nowhere.example' }), 'sso_provider_not_found', 404)
    refused(await auth.signInWithSSO({ providerId: randomUUID() }), 'sso_provider_not_found', 404)
    assert.equal((await request(shared.server, 'GET', '/settings')).json.saml_enabled, true)
  })
})

describe('responses of another library', () => {
  const sha = (bits) => ({
    signature: `http://www.w3.org/2001/04/xmldsig-more#rsa-sha${bits}`, digest: `http://www.w3.org/2001/04/xmlenc#sha${bits}`,
  })
  for (const [name, change] of Object.entries({
    'signed response': { where: 'response' },
    'both signed': { where: 'both' },
    'SHA-512': sha(512),
    'encrypted assertion': { encrypt: true },
    'encrypted in a signed response': { encrypt: true, where: 'both' },
  })) {
    test(`${name}: read`, async () => {
      Object.assign(acme.signing, change)
      const person = newPerson()
      const supabase = withFlow('implicit')
      const target = await carry(acme.agree(person, await begin(supabase)))
      assert.equal(ok(await supabase.auth.setSession(tokensOf(target))).user.email, person.email)
    })
  }

  test('SHA-1, in signature or digest: refused', async () => {
    for (const change of [
      { signature: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' },
      { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' },
    ]) {
      acme.signing = { ...usual, ...change }
      await carryRefused(acme.offer(newPerson()), 'validation_failed')
    }
  })
})

describe('attacks', () => {
  test('a response is used once, whoever began', async () => {
    const asked = acme.agree(newPerson(), await begin(withFlow('implicit')))
    await carry(asked)
    await carryRefused(asked, 'saml_relay_state_not_found')
    const offered = acme.offer(newPerson(), app)
    assert.equal((await carry(offered)).pathname, '/welcome')
    await carryRefused(offered, 'validation_failed')
  })

  test('another provider answers for nobody but itself', async () => {
    await carryRefused(other.offer(newPerson()), 'saml_idp_not_found')
    const address = await begin(withFlow('implicit'))
    const { id, relayState } = acme.read(address)
    await carryRefused({ SAMLResponse: other.respond(newPerson(), { answers: id }), RelayState: relayState }, 'validation_failed')
  })

  test('the provider cannot send a session away', async () => {
    const target = await carry(acme.offer(newPerson(), 'https://evil.example/'))
    assert.equal(target.origin, site)
  })
})

describe('/admin/sso/providers', () => {
  test('made, found, changed, removed', async () => {
    const made = await connect(other, { metadata_xml: null, metadata_url: `${other.url}/metadata`, domains: ['other.example'], resource_id: 'tenant-7', disabled: true })
    assert.deepEqual([made.saml.entity_id, made.saml.metadata_url], [`${other.url}/metadata`, `${other.url}/metadata`])
    assert.equal(made.saml.metadata_xml, other.metadata)
    const moved = await administer('PUT', `/${shared.acme.id}`, { metadata_url: `${other.url}/metadata` })
    assert.deepEqual([moved.status, moved.json.error_code], [400, 'saml_entity_id_mismatch'])
    const gone = await administer('POST', '', { type: 'saml', metadata_url: `${other.url}/nowhere` })
    assert.deepEqual([gone.status, gone.json.error_code], [400, 'saml_metadata_fetch_failed'])
    assert.deepEqual(made.domains.map(({ domain }) => domain), ['other.example'])
    const { json: { items } } = await administer('GET')
    assert.deepEqual(items.map(({ id }) => id), [shared.acme.id, made.id])
    assert.equal(items[1].saml.metadata_xml, undefined)
    assert.deepEqual((await administer('GET', '/resource_tenant-7')).json, made)
    const { auth } = withFlow('implicit')
    refused(await auth.signInWithSSO({ domain: 'other.example' }), 'sso_provider_disabled', 404)
    const { json: changed } = await administer('PUT', `/${made.id}`, { disabled: false, domains: ['new.example'] })
    assert.deepEqual([changed.disabled, changed.domains[0].domain, changed.resource_id], [false, 'new.example', 'tenant-7'])
    const supabase = withFlow('implicit')
    const person = newPerson()
    const target = await carry(other.agree(person, await begin(supabase, { domain: 'new.example' })))
    assert.equal(ok(await supabase.auth.setSession(tokensOf(target))).user.email, person.email)
    const twice = await administer('POST', '', { type: 'saml', metadata_xml: other.metadata })
    assert.deepEqual([twice.status, twice.json.error_code], [422, 'saml_idp_already_exists'])
    assert.equal((await administer('DELETE', `/${made.id}`)).json.id, made.id)
    refused(await auth.signInWithSSO({ domain: 'new.example' }), 'sso_provider_not_found', 404)
    await carryRefused(other.offer(person), 'saml_idp_not_found')
  })
})
