// The project signs people in to other apps: the official client on the consent page and in the administrator's hands, and a
// third-party app that knows nothing of us but the address and uses a certified OpenID Connect client.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as oidc from 'openid-client'
import { accessToken, admin, claimsOf, client, newUser, ok, refused } from '../kit/client.mjs'
import { generous, world } from '../kit/world.mjs'

const site = 'http://127.0.0.1:3000'
const callback = 'https://client.example/callback'

const shared = world({
  name: 'oauth-server',
  config: {
    ...generous,
    'auth.site_url': site,
    'auth.oauth_server.enabled': true,
    'auth.oauth_server.authorization_url_path': '/consent',
    'auth.oauth_server.allow_dynamic_registration': true,
  },
})

const registered = async (more) => ok(await admin(shared.server).auth.admin.oauth.createClient({
  client_name: 'Example', redirect_uris: [callback], ...more,
}))

const insecure = { execute: [oidc.allowInsecureRequests] }
const issuer = () => new URL(`${shared.server.apiUrl}/auth/v1`)

/** The app's side: discovery, and signatures of ID tokens checked against our JWKS. */
async function discover(id, secret, authentication, options = insecure) {
  const config = await oidc.discovery(issuer(), id, secret, authentication, options)
  oidc.enableNonRepudiationChecks(config)
  return config
}

/** The app begins; the browser ends up on the consent page. */
async function begin(config, { scope = 'openid email', ...more } = {}) {
  const verifier = oidc.randomPKCECodeVerifier()
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() }
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback, scope, state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  })
  const answer = await fetch(address, { redirect: 'manual' })
  assert.equal(answer.status, 302, await answer.text())
  const page = new URL(answer.headers.get('location'))
  assert.equal(page.origin + page.pathname, `${site}/consent`)
  return { id: page.searchParams.get('authorization_id'), checks }
}

/** The whole way to tokens. */
async function throughConsent(config, supabase, options) {
  const { id, checks } = await begin(config, options)
  const details = ok(await supabase.auth.oauth.getAuthorizationDetails(id))
  const { redirect_url: back } = details.redirect_url
    ? details
    : ok(await supabase.auth.oauth.approveAuthorization(id, { skipBrowserRedirect: true }))
  const { expectedNonce, ...rest } = checks
  const withId = (options?.scope ?? 'openid').includes('openid')
  return oidc.authorizationCodeGrant(config, new URL(back), { ...rest, ...(withId ? { expectedNonce } : {}) })
}

describe('admin.oauth', () => {
  test('every method', async () => {
    const { oauth } = admin(shared.server).auth.admin
    const made = await registered({ client_uri: 'https://client.example' })
    assert.equal(made.client_secret.length, 43)
    assert.equal(made.client_type, 'confidential')
    assert.equal(made.registration_type, 'manual')
    assert.deepEqual(made.grant_types, ['authorization_code', 'refresh_token'])
    const shown = ok(await oauth.getClient(made.client_id))
    assert.equal(shown.client_name, 'Example')
    assert.equal(shown.client_secret, undefined)
    const changed = ok(await oauth.updateClient(made.client_id, {
      client_name: 'Better', redirect_uris: ['myapp://callback'], token_endpoint_auth_method: 'client_secret_post',
    }))
    assert.deepEqual(changed.redirect_uris, ['myapp://callback'])
    assert.equal(changed.token_endpoint_auth_method, 'client_secret_post')
    const renewed = ok(await oauth.regenerateClientSecret(made.client_id))
    assert.notEqual(renewed.client_secret, made.client_secret)
    await registered({ token_endpoint_auth_method: 'none' })
    const list = ok(await oauth.listClients({ page: 1, perPage: 1 }))
    assert.equal(list.clients.length, 1)
    assert.equal(list.nextPage, 2)
    assert.ok(list.total >= 2)
    assert.equal((await oauth.deleteClient(made.client_id)).error, null)
    refused(await oauth.getClient(made.client_id), 'oauth_client_not_found', 404)
    refused(await oauth.createClient({ client_name: 'x', redirect_uris: ['javascript:alert(1)'] }), 'validation_failed', 400)
    refused(await oauth.updateClient(list.clients[0].client_id, {}), 'validation_failed', 400)
  })

  test('only for administrators', async () => {
    const { supabase } = await newUser(shared.server)
    refused(await supabase.auth.admin.oauth.listClients(), 'not_admin', 403)
  })
})

describe('a third-party app with openid-client', () => {
  const methods = [
    ['client_secret_basic', (secret) => oidc.ClientSecretBasic(secret)],
    ['client_secret_post', (secret) => oidc.ClientSecretPost(secret)],
    ['none', () => oidc.None()],
  ]
  for (const [method, authentication] of methods) {
    test(`${method}: discovery, consent, tokens, userinfo, refresh`, async () => {
      const { supabase, id, email } = await newUser(shared.server)
      const app = await registered({ token_endpoint_auth_method: method })
      const config = await discover(app.client_id, app.client_secret, authentication(app.client_secret))
      assert.equal(config.serverMetadata().issuer, issuer().href)

      const { id: name, checks } = await begin(config, { scope: 'openid email profile' })
      const details = ok(await supabase.auth.oauth.getAuthorizationDetails(name))
      assert.deepEqual(details, {
        authorization_id: name, redirect_uri: callback, scope: 'openid email profile',
        client: { id: app.client_id, name: 'Example' }, user: { id, email },
      })
      const { redirect_url: back } = ok(await supabase.auth.oauth.approveAuthorization(name, { skipBrowserRedirect: true }))
      const tokens = await oidc.authorizationCodeGrant(config, new URL(back), checks)
      const claims = tokens.claims()
      assert.equal(claims.sub, id)
      assert.equal(claims.aud, app.client_id)
      assert.equal(claims.email, email)
      assert.equal(claims.email_verified, true)
      assert.equal(claimsOf(tokens.access_token).client_id, app.client_id)

      const info = await oidc.fetchUserInfo(config, tokens.access_token, id)
      assert.equal(info.email, email)
      const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
      assert.notEqual(refreshed.refresh_token, tokens.refresh_token)
      assert.equal(claimsOf(refreshed.access_token).scope, 'openid email profile')
      assert.equal((await oidc.fetchUserInfo(config, refreshed.access_token, id)).sub, id)
      const less = await oidc.refreshTokenGrant(config, refreshed.refresh_token, { scope: 'openid' })
      assert.deepEqual(await oidc.fetchUserInfo(config, less.access_token, id), { sub: id })
    })
  }

  test('finds the metadata by RFC 8414 and registers itself', async () => {
    const config = await oidc.dynamicClientRegistration(
      issuer(), { redirect_uris: [callback], client_name: 'Self-made', token_endpoint_auth_method: 'client_secret_post' },
      undefined, { ...insecure, algorithm: 'oauth2' },
    )
    oidc.enableNonRepudiationChecks(config)
    const made = config.clientMetadata()
    assert.equal(made.registration_type, 'dynamic')
    const { supabase, id } = await newUser(shared.server)
    const tokens = await throughConsent(config, supabase)
    assert.equal(tokens.claims().sub, id)
  })

  test('asks once, and is told of a refusal', async () => {
    const { supabase } = await newUser(shared.server)
    const app = await registered({ token_endpoint_auth_method: 'none' })
    const config = await discover(app.client_id, undefined, oidc.None())
    const first = await begin(config)
    ok(await supabase.auth.oauth.getAuthorizationDetails(first.id))
    const denied = ok(await supabase.auth.oauth.denyAuthorization(first.id, { skipBrowserRedirect: true }))
    await assert.rejects(
      oidc.authorizationCodeGrant(config, new URL(denied.redirect_url), first.checks),
      (error) => error.error === 'access_denied' && error.error_description === 'User denied the request',
    )
    refused(await supabase.auth.oauth.approveAuthorization(first.id), 'validation_failed', 400)
    await throughConsent(config, supabase)
    const again = await begin(config)
    const { redirect_url: back } = ok(await supabase.auth.oauth.getAuthorizationDetails(again.id))
    assert.ok((await oidc.authorizationCodeGrant(config, new URL(back), again.checks)).access_token)
  })

  test('what is wrong with a request comes back to it', async () => {
    const app = await registered({ token_endpoint_auth_method: 'none' })
    const config = await discover(app.client_id, undefined, oidc.None())
    const address = oidc.buildAuthorizationUrl(config, { redirect_uri: callback, scope: 'openid', state: 'mark' })
    const answer = await fetch(address, { redirect: 'manual' })
    const back = new URL(answer.headers.get('location'))
    await assert.rejects(
      oidc.authorizationCodeGrant(config, back, { expectedState: 'mark' }),
      (error) => error.error === 'invalid_request' && /PKCE/.test(error.error_description),
    )
  })
})

describe('the user', () => {
  test('sees grants and takes them back', async () => {
    const { supabase, id } = await newUser(shared.server)
    const app = await registered({ token_endpoint_auth_method: 'none' })
    const config = await discover(app.client_id, undefined, oidc.None())
    assert.deepEqual(ok(await supabase.auth.oauth.listGrants()), [])
    const tokens = await throughConsent(config, supabase, { scope: 'openid phone' })
    const [grant, ...others] = ok(await supabase.auth.oauth.listGrants())
    assert.deepEqual([grant.client, grant.scopes, others], [{ id: app.client_id, name: 'Example' }, ['openid', 'phone'], []])
    assert.ok(Date.parse(grant.granted_at) > Date.now() - 60_000)
    ok(await supabase.auth.oauth.revokeGrant({ clientId: app.client_id }))
    assert.deepEqual(ok(await supabase.auth.oauth.listGrants()), [])
    await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, id))
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), (error) => error.error === 'invalid_grant')
    refused(await supabase.auth.oauth.revokeGrant({ clientId: app.client_id }), 'oauth_consent_not_found', 404)
    ok(await supabase.auth.getUser())
  })

  test('cannot answer what another was asked', async () => {
    const { supabase } = await newUser(shared.server)
    const { supabase: other } = await newUser(shared.server)
    const app = await registered({ token_endpoint_auth_method: 'none' })
    const { id } = await begin(await discover(app.client_id, undefined, oidc.None()))
    ok(await supabase.auth.oauth.getAuthorizationDetails(id))
    refused(await other.auth.oauth.getAuthorizationDetails(id), 'oauth_authorization_not_found', 404)
    refused(await other.auth.oauth.approveAuthorization(id), 'oauth_authorization_not_found', 404)
    refused(await client(shared.server).auth.oauth.getAuthorizationDetails(id), undefined, 400)
  })

  test('is out of the reach of an app that holds their tokens', async () => {
    const { supabase, id } = await newUser(shared.server)
    const app = await registered({ token_endpoint_auth_method: 'none' })
    const config = await discover(app.client_id, undefined, oidc.None())
    const tokens = await throughConsent(config, supabase)
    const theirs = client(shared.server)
    // The official client takes the tokens for a session, and may look at the user.
    ok(await theirs.auth.setSession(tokens))
    assert.equal(ok(await theirs.auth.getUser()).user.id, id)
    refused(await theirs.auth.updateUser({ password: 'another horse 2' }), 'no_authorization', 403)
    refused(await theirs.auth.mfa.enroll({ factorType: 'totp' }), 'no_authorization', 403)
    refused(await theirs.auth.oauth.listGrants(), 'no_authorization', 403)
    const { error } = await theirs.auth.refreshSession()
    assert.match(error.message, /Client authentication required/)
    assert.equal((await theirs.auth.signOut({ scope: 'global' })).error, null)
    ok(await supabase.auth.getUser())
  })

  test('policies of the data API see the app', async () => {
    const { supabase } = await newUser(shared.server)
    const app = await registered({ token_endpoint_auth_method: 'none' })
    const tokens = await throughConsent(await discover(app.client_id, undefined, oidc.None()), supabase)
    await shared.database.rows(`create function public.who_asks() returns text language sql stable
      as $$ select auth.jwt() ->> 'client_id' $$`)
    const ask = (token) => client(shared.server, { accessToken: async () => token }).rpc('who_asks')
    // The data API follows the database after a moment.
    const deadline = Date.now() + 10_000
    while ((await ask(tokens.access_token)).error?.code === 'PGRST202' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.equal(ok(await ask(tokens.access_token)), app.client_id)
    assert.equal(ok(await ask(await accessToken(supabase))), null)
    // The ID token, signed with the same key, is none of its business.
    assert.ok((await ask(tokens.id_token)).error)
  })
})
