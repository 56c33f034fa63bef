// Signing in with providers through the official client: both flows, ID tokens, linking and unlinking.
import assert from 'node:assert/strict'
import { createHash, randomInt } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { accessToken, claimsOf, client, newEmail, newUser, ok, refused, request } from '../kit/client.mjs'
import { Provider } from '../kit/provider.mjs'
import { generous, world } from '../kit/world.mjs'

const app = 'http://127.0.0.1:3000/welcome'
const provider = await Provider.start()
after(() => provider.stop())

const enabled = (name, id) => ({
  [`auth.external.${name}.enabled`]: true,
  [`auth.external.${name}.client_id`]: id,
  [`auth.external.${name}.secret`]: 'client secret',
  [`auth.external.${name}.url`]: provider.url,
})

const shared = world({
  name: 'external',
  config: {
    ...generous,
    'auth.site_url': 'http://127.0.0.1:3000',
    'auth.enable_manual_linking': true,
    'auth.enable_anonymous_sign_ins': true,
    ...enabled('github', 'gh-client'),
    ...enabled('google', 'oidc-client'),
  },
})

const newPerson = (more) => ({ id: randomInt(1, 2 ** 40), email: newEmail('person'), ...more })
const withFlow = (flowType) => client(shared.server, { auth: { flowType } })

/** Follows one redirect, as a browser does. */
async function redirected(address, status = 302) {
  const answer = await fetch(address, { redirect: 'manual' })
  assert.equal(answer.status, status, await answer.text())
  return new URL(answer.headers.get('location'))
}

/** The whole way through the provider: from the client's address to the app's. */
async function through(person, address) {
  const page = address.startsWith(provider.url) ? address : (await redirected(address)).href
  return redirected(provider.agree(person, page))
}

async function begin(supabase, name, options) {
  const { url } = ok(await supabase.auth.signInWithOAuth({
    provider: name, options: { redirectTo: app, skipBrowserRedirect: true, ...options },
  }))
  return url
}

const providersOf = (user) => user.identities.map((identity) => identity.provider)

describe('signInWithOAuth', () => {
  test('implicit: the fragment is a session', async () => {
    const person = newPerson()
    const supabase = withFlow('implicit')
    const target = await through(person, await begin(supabase, 'github', { scopes: 'repo', queryParams: { allow_signup: 'false' } }))
    assert.equal(target.origin + target.pathname, app)
    const tokens = Object.fromEntries(new URLSearchParams(target.hash.slice(1)))
    assert.equal(tokens.provider_token, `access-${person.id}`)
    const { user } = ok(await supabase.auth.setSession(tokens))
    assert.equal(user.email, person.email)
    assert.deepEqual(providersOf(user), ['github'])
    assert.deepEqual(claimsOf(tokens.access_token).amr.map(({ method }) => method), ['oauth'])
    ok(await supabase.auth.refreshSession())
  })

  for (const name of ['github', 'google']) {
    test(`PKCE with ${name}: the code is exchanged once`, async () => {
      const person = newPerson()
      const supabase = withFlow('pkce')
      const target = await through(person, await begin(supabase, name))
      assert.equal(target.hash, '')
      const code = target.searchParams.get('code')
      const { user, session } = ok(await supabase.auth.exchangeCodeForSession(code))
      assert.equal(user.email, person.email)
      assert.equal(session.provider_token, `access-${person.id}`)
      assert.equal(session.provider_refresh_token, 'provider-refresh')
      assert.deepEqual(ok(await supabase.auth.getUserIdentities()).identities.map(({ id }) => id), [String(person.id)])
      const thief = withFlow('pkce')
      await begin(thief, name)
      refused(await thief.auth.exchangeCodeForSession(code), 'flow_state_not_found', 404)
    })
  }

  test('a callback cannot be repeated', async () => {
    const address = await begin(withFlow('pkce'), 'github')
    const back = provider.agree(newPerson(), (await redirected(address)).href)
    await redirected(back)
    const again = await redirected(back)
    assert.equal(again.searchParams.get('error_code'), 'flow_state_already_used')
    const unknown = await redirected(`${shared.server.apiUrl}/auth/v1/callback?code=x&state=y`, 303)
    assert.equal(unknown.searchParams.get('error_code'), 'bad_oauth_state')
  })

  test('a proved address leads to the account that has it', async () => {
    const { email, id } = await newUser(shared.server)
    const supabase = withFlow('pkce')
    const target = await through(newPerson({ email }), await begin(supabase, 'google'))
    const { user } = ok(await supabase.auth.exchangeCodeForSession(target.searchParams.get('code')))
    assert.equal(user.id, id)
    assert.deepEqual(providersOf(user), ['email', 'google'])
  })

  test('providers that are off are refused in words', async () => {
    const { status, json } = await request(shared.server, 'GET', '/authorize?provider=discord')
    assert.deepEqual([status, json.msg], [400, 'Unsupported provider: provider is not enabled'])
    const settings = await request(shared.server, 'GET', '/settings')
    assert.deepEqual([settings.json.external.github, settings.json.external.discord], [true, false])
  })
})

describe('signInWithIdToken', () => {
  const hash = (nonce) => createHash('sha256').update(nonce).digest('hex')

  test('with its nonce, and not without', async () => {
    const person = newPerson()
    const token = provider.idToken(person, { nonce: hash('a nonce') })
    const supabase = client(shared.server)
    const { user } = ok(await supabase.auth.signInWithIdToken({ provider: 'google', token, nonce: 'a nonce' }))
    assert.equal(user.email, person.email)
    for (const nonce of [undefined, 'another']) {
      const { error } = await client(shared.server).auth.signInWithIdToken({ provider: 'google', token, nonce })
      assert.equal(error?.status, 400)
    }
  })

  test('for another app, or signed by another, it is refused', async () => {
    const stranger = await Provider.start()
    stranger.stop()
    for (const token of [
      provider.idToken(newPerson(), { aud: 'another' }),
      stranger.idToken(newPerson(), { iss: provider.url }),
    ]) {
      const { error } = await client(shared.server).auth.signInWithIdToken({ provider: 'google', token })
      assert.equal(error?.status, 400)
    }
  })
})

describe('linkIdentity and unlinkIdentity', () => {
  test('by redirect', async () => {
    const { supabase, id, email } = await newUser(shared.server)
    const person = newPerson()
    const { url } = ok(await supabase.auth.linkIdentity({
      provider: 'github', options: { redirectTo: app, skipBrowserRedirect: true },
    }))
    const target = await through(person, url)
    const tokens = Object.fromEntries(new URLSearchParams(target.hash.slice(1)))
    assert.equal(claimsOf(tokens.access_token).sub, id)
    const { identities } = ok(await supabase.auth.getUserIdentities())
    assert.deepEqual(identities.map(({ provider }) => provider), ['email', 'github'])
    assert.equal(ok(await supabase.auth.getUser()).user.email, email)

    ok(await supabase.auth.unlinkIdentity(identities.find(({ provider }) => provider === 'github')))
    assert.deepEqual(providersOf(ok(await supabase.auth.getUser()).user), ['email'])
    const last = ok(await supabase.auth.getUserIdentities()).identities[0]
    refused(await supabase.auth.unlinkIdentity(last), 'single_identity_not_deletable', 422)
  })

  test('by ID token, which makes an anonymous user a permanent one', async () => {
    const supabase = client(shared.server)
    const { user: before } = ok(await supabase.auth.signInAnonymously())
    const person = newPerson()
    ok(await supabase.auth.linkIdentity({ provider: 'google', token: provider.idToken(person) }))
    const { user } = ok(await supabase.auth.getUser())
    assert.deepEqual([user.id, user.is_anonymous, user.email], [before.id, false, person.email])
    assert.equal(claimsOf(await accessToken(supabase)).is_anonymous, false)
  })

  test('an identity has one owner', async () => {
    const person = newPerson()
    ok(await client(shared.server).auth.signInWithIdToken({ provider: 'google', token: provider.idToken(person) }))
    const { supabase } = await newUser(shared.server)
    refused(await supabase.auth.linkIdentity({ provider: 'google', token: provider.idToken(person) }), 'identity_already_exists', 422)
  })
})
