// Authorization codes, what administrators do with users, and identities, through the official client.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accessToken, admin, claimsOf, client, newEmail, newPhone, newUser, ok, password, refused, request, signedIn,
} from '../kit/client.mjs'
import { generous, impatient, world } from '../kit/world.mjs'

const shared = world({
  name: 'accounts',
  config: {
    ...generous,
    ...impatient,
    'auth.site_url': 'http://127.0.0.1:3000',
    'auth.email.enable_confirmations': true,
    'auth.enable_manual_linking': true,
  },
})

const pkce = () => client(shared.server, { auth: { flowType: 'pkce' } })

/** Follows the newest link to an address; the code that it leads to. */
async function codeFor(email, count = 1) {
  const answer = await fetch(await shared.inbox.link(email, count), { redirect: 'manual' })
  assert.equal(answer.status, 303)
  const target = new URL(answer.headers.get('location'))
  assert.equal(target.hash, '', 'a code comes without tokens')
  const code = target.searchParams.get('code')
  assert.ok(code, target.href)
  return code
}

const amr = async (supabase) => claimsOf(await accessToken(supabase)).amr.map(({ method }) => method)

describe('exchangeCodeForSession', () => {
  test('of a sign-up, a magic link and a recovery', async () => {
    const email = newEmail('pkce')
    const supabase = pkce()
    ok(await supabase.auth.signUp({ email, password }))
    const { user } = ok(await supabase.auth.exchangeCodeForSession(await codeFor(email)))
    assert.deepEqual(await amr(supabase), ['email/signup'])

    ok(await supabase.auth.signInWithOtp({ email }))
    ok(await supabase.auth.exchangeCodeForSession(await codeFor(email, 2)))
    assert.deepEqual(await amr(supabase), ['magiclink'])

    ok(await supabase.auth.resetPasswordForEmail(email))
    const recovered = ok(await supabase.auth.exchangeCodeForSession(await codeFor(email, 3)))
    assert.equal(recovered.user.id, user.id)
    assert.deepEqual(await amr(supabase), ['recovery'])
    ok(await supabase.auth.updateUser({ password: 'another one 2' }))
    await signedIn(shared.server, { email, password: 'another one 2' })
  })

  test('a code is worth nothing without its verifier, and stays with the one who has it', async () => {
    const { email } = await newUser(shared.server)
    const [owner, thief] = [pkce(), pkce()]
    ok(await thief.auth.signInWithOtp({ email: newEmail('thief') }))
    ok(await owner.auth.signInWithOtp({ email }))
    const code = await codeFor(email)
    refused(await thief.auth.exchangeCodeForSession(code), 'bad_code_verifier', 400)
    ok(await owner.auth.exchangeCodeForSession(code))
  })

  test('a code opens one session, however many ask', async () => {
    const { server } = shared
    const { email, id } = await newUser(server)
    const verifier = 'v'.repeat(64)
    const begun = await request(server, 'POST', '/otp', { body: { email, code_challenge: verifier, code_challenge_method: 'plain' } })
    assert.equal(begun.status, 200, begun.text)
    const body = { auth_code: await codeFor(email), code_verifier: verifier }
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => request(server, 'POST', '/token?grant_type=pkce', { body })))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 404, 404, 404, 404, 404])
    const [sessions] = await shared.database.rows('select count(*)::int as n from auth.sessions where user_id = $1 and id in '
      + "(select session_id from auth.mfa_amr_claims where authentication_method = 'magiclink')", [id])
    assert.equal(sessions.n, 1)
  })

  test('a code is refused before its link was followed', async () => {
    const { server } = shared
    const { email, id } = await newUser(server)
    const verifier = 'w'.repeat(64)
    await request(server, 'POST', '/recover', { body: { email, code_challenge: verifier, code_challenge_method: 'plain' } })
    const [flow] = await shared.database.rows('select auth_code from auth.flow_state where user_id = $1', [id])
    const early = await request(server, 'POST', '/token?grant_type=pkce', { body: { auth_code: flow.auth_code, code_verifier: verifier } })
    assert.deepEqual([early.status, early.json.error_code], [404, 'flow_state_not_found'])
  })

  test('a flow that took too long', async () => {
    const { email, id } = await newUser(shared.server)
    const supabase = pkce()
    ok(await supabase.auth.resetPasswordForEmail(email))
    const code = await codeFor(email)
    await shared.database.rows("update auth.flow_state set created_at = created_at - interval '6 minutes' where user_id = $1", [id])
    refused(await supabase.auth.exchangeCodeForSession(code), 'flow_state_expired', 422)
  })
})

describe('admin.listUsers', () => {
  test('pages, newest first, without a user twice', async () => {
    const { server } = shared
    for (const name of ['one', 'two', 'three', 'four', 'five']) await newUser(server, name)
    const trusted = admin(server)
    const first = ok(await trusted.auth.admin.listUsers({ page: 1, perPage: 2 }))
    assert.equal(first.users.length, 2)
    assert.equal(first.aud, 'authenticated')
    assert.equal(first.nextPage, 2)
    assert.equal(first.lastPage, Number(String(Math.ceil(first.total / 2))[0]), 'the client reads one digit')
    const second = ok(await trusted.auth.admin.listUsers({ page: 2, perPage: 2 }))
    const [a, b, c, d] = [...first.users, ...second.users]
    assert.match(a.email, /^five-/)
    assert.match(d.email, /^two-/)
    assert.equal(new Set([a, b, c, d].map(({ id }) => id)).size, 4)
    const beyond = ok(await trusted.auth.admin.listUsers({ page: 1000, perPage: 2 }))
    assert.deepEqual(beyond.users, [])
    assert.equal(beyond.total, first.total)
    const all = ok(await trusted.auth.admin.listUsers())
    assert.equal(all.users.length, Math.min(all.total, 50))
  })

  test('filter and sort', async () => {
    const { server } = shared
    const trusted = admin(server)
    const { email, id } = await newUser(server, 'needle')
    const key = server.serviceKey
    const list = async (query) => request(server, 'GET', `/admin/users?${new URLSearchParams(query)}`, { key })
    const byEmail = await list({ filter: email })
    assert.deepEqual(byEmail.json.users.map((user) => user.id), [id])
    assert.equal(byEmail.headers.get('x-total-count'), '1')
    ok(await trusted.auth.admin.updateUserById(id, { user_metadata: { full_name: 'Ännchen Öztürk' } }))
    assert.deepEqual((await list({ filter: 'ÖZTÜRK' })).json.users.map((user) => user.id), [id])
    assert.deepEqual((await list({ filter: "' or true --" })).json.users, [])
    const oldest = (await list({ sort: 'created_at asc' })).json.users.map((user) => user.created_at)
    assert.deepEqual(oldest, [...oldest].sort())
    for (const query of [{ sort: 'email asc' }, { page: 'x' }, { per_page: '-1' }]) {
      assert.equal((await list(query)).json.error_code, 'validation_failed')
    }
    const { json } = await list({ per_page: 1 })
    assert.equal(json.users[0].identities, null)
  })

  test('is for administrators', async () => {
    const { supabase } = await newUser(shared.server)
    refused(await supabase.auth.admin.listUsers(), 'not_admin', 403)
  })

  test('an administrator who signed in is none after the session', async () => {
    const { server } = shared
    const { email, id } = await newUser(server, 'operator')
    ok(await admin(server).auth.admin.updateUserById(id, { role: 'service_role' }))
    const operator = await signedIn(server, { email })
    const token = await accessToken(operator)
    assert.equal((await request(server, 'GET', '/admin/users', { token })).status, 200)
    ok({ error: (await operator.auth.signOut({ scope: 'local' })).error })
    const after = await request(server, 'GET', '/admin/users', { token })
    assert.deepEqual([after.status, after.json.error_code], [403, 'session_expired'])
  })
})

describe('admin.inviteUserByEmail', () => {
  test('the invited user chooses a password', async () => {
    const { server, inbox } = shared
    const email = newEmail('invited')
    const trusted = admin(server)
    const { user } = ok(await trusted.auth.admin.inviteUserByEmail(email, { data: { team: 'x' } }))
    assert.ok(user.invited_at)
    assert.equal(user.email_confirmed_at, undefined)
    assert.equal(user.user_metadata.team, 'x')
    // A second invitation replaces the first.
    const first = await inbox.link(email)
    ok(await trusted.auth.admin.inviteUserByEmail(email))
    const second = await inbox.link(email, 2)
    const stale = await client(server).auth.verifyOtp({ token_hash: first.searchParams.get('token'), type: 'invite' })
    refused(stale, 'otp_expired', 403)

    const supabase = client(server)
    const accepted = ok(await supabase.auth.verifyOtp({ token_hash: second.searchParams.get('token'), type: 'invite' }))
    assert.equal(accepted.user.id, user.id)
    ok(await supabase.auth.updateUser({ password }))
    await signedIn(server, { email })
    refused(await trusted.auth.admin.inviteUserByEmail(email), 'email_exists', 422)
  })

  test('is for administrators, and for addresses', async () => {
    const { server } = shared
    refused(await client(server).auth.admin.inviteUserByEmail(newEmail()), 'not_admin', 403)
    refused(await admin(server).auth.admin.inviteUserByEmail('nope'), 'validation_failed', 400)
  })

  test('the audit log has it', async () => {
    const { server } = shared
    const email = newEmail('audited')
    ok(await admin(server).auth.admin.inviteUserByEmail(email))
    const audit = async (query) => request(server, 'GET', `/admin/audit?${new URLSearchParams(query)}`, { key: server.serviceKey })
    const { json, headers } = await audit({ query: 'action:user_invited', per_page: 1 })
    assert.equal(json.length, 1)
    assert.equal(json[0].payload.traits.user_email, email)
    assert.match(headers.get('link'), /rel="last"/)
    assert.deepEqual((await audit({ query: 'author:nobody at all' })).json, [])
    assert.ok((await audit({ query: 'type:team' })).json.every(({ payload }) => payload.log_type === 'team'))
    assert.equal((await audit({ query: 'colour:red' })).json.error_code, 'validation_failed')
  })
})

describe('identities', () => {
  /** A user with an e-mail and a phone. */
  async function two() {
    const { server } = shared
    const [email, phone] = [newEmail('two'), newPhone()]
    ok(await admin(server).auth.admin.createUser({ email, phone, password, email_confirm: true, phone_confirm: true }))
    return { email, phone, supabase: await signedIn(server, { email }) }
  }

  const identities = async (supabase) => ok(await supabase.auth.getUserIdentities()).identities

  test('getUserIdentities and unlinkIdentity', async () => {
    const { supabase, email } = await two()
    const both = await identities(supabase)
    assert.deepEqual(both.map(({ provider }) => provider).sort(), ['email', 'phone'])
    ok(await supabase.auth.unlinkIdentity(both.find(({ provider }) => provider === 'phone')))
    const { user } = ok(await supabase.auth.getUser())
    assert.equal(user.phone, '')
    assert.equal(user.phone_confirmed_at, undefined)
    assert.deepEqual(user.app_metadata.providers, ['email'])
    const [last] = await identities(supabase)
    refused(await supabase.auth.unlinkIdentity(last), 'single_identity_not_deletable', 422)
    assert.equal(ok(await supabase.auth.getUser()).user.email, email)
  })

  test('without its identity an e-mail is the user\'s no more, nor is what was sent to it', async () => {
    const { server, inbox } = shared
    const { supabase, email, phone } = await two()
    ok(await client(server).auth.resetPasswordForEmail(email))
    const link = await inbox.link(email)
    const mail = (await identities(supabase)).find(({ provider }) => provider === 'email')
    ok(await supabase.auth.unlinkIdentity(mail))
    const { user } = ok(await supabase.auth.getUser())
    assert.equal(user.email, '')
    assert.equal(user.email_confirmed_at, undefined)
    assert.deepEqual(user.app_metadata.providers, ['phone'])
    assert.equal(user.phone, phone.slice(1))
    const stale = await client(server).auth.verifyOtp({ token_hash: link.searchParams.get('token'), type: 'recovery' })
    refused(stale, 'otp_expired', 403)
    ok(await admin(server).auth.admin.createUser({ email, password, email_confirm: true }))
  })

  test('of two removals at once one stays', async () => {
    const { supabase } = await two()
    const both = await identities(supabase)
    const answers = await Promise.all(both.map((identity) => supabase.auth.unlinkIdentity(identity)))
    assert.deepEqual(answers.map(({ error }) => error?.code ?? 'done').sort(), ['done', 'single_identity_not_deletable'])
    assert.equal((await identities(supabase)).length, 1)
  })

  test('another user\'s identity', async () => {
    const { supabase } = await two()
    const other = await two()
    const [foreign] = await identities(other.supabase)
    refused(await supabase.auth.unlinkIdentity(foreign), 'identity_not_found', 422)
    assert.equal((await identities(other.supabase)).length, 2)
  })

  test('a provider that is off', async () => {
    const { supabase } = await newUser(shared.server)
    const answer = await supabase.auth.linkIdentity({ provider: 'github', options: { skipBrowserRedirect: true } })
    refused(answer, 'validation_failed', 400)
  })
})
