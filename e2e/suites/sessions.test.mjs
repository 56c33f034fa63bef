// The client's own session keeping against the server: events, automatic refresh, and links that an administrator makes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { within } from '../kit/database.mjs'
import { admin, client, newEmail, newUser, ok, password, refused, session } from '../kit/client.mjs'
import { generous, impatient, world } from '../kit/world.mjs'

const shared = world({
  name: 'sessions',
  config: {
    ...generous,
    ...impatient,
    'auth.site_url': 'http://127.0.0.1:3000',
    'auth.additional_redirect_urls': ['http://127.0.0.1:3000/**'],
    // Shorter than the margin with which the client refreshes.
    'auth.jwt_expiry': 60,
    'auth.email.enable_confirmations': true,
    'auth.email.double_confirm_changes': true,
  },
})

describe('sessions in the client', () => {
  test('events in the order of what happens', async () => {
    const { email } = await newUser(shared.server)
    const supabase = client(shared.server)
    ok(await supabase.auth.initialize())
    const events = []
    const { data: { subscription } } = supabase.auth.onAuthStateChange((event) => { events.push(event) })
    await within(() => events, (seen) => seen.includes('INITIAL_SESSION'))
    ok(await supabase.auth.signInWithPassword({ email, password }))
    ok(await supabase.auth.refreshSession())
    ok(await supabase.auth.updateUser({ data: { name: 'Ada' } }))
    ok(await supabase.auth.signOut())
    // So short a session is refreshed before each request; only the first time of each event counts here.
    assert.deepEqual([...new Set(events)], ['INITIAL_SESSION', 'SIGNED_IN', 'TOKEN_REFRESHED', 'USER_UPDATED', 'SIGNED_OUT'])
    subscription.unsubscribe()
    const heard = events.length
    ok(await supabase.auth.signInWithPassword({ email, password }))
    assert.equal(events.length, heard, 'nobody listens any more')
  })

  test('a session about to expire is refreshed by itself', async () => {
    const { supabase } = await newUser(shared.server)
    const before = await session(supabase)
    await supabase.auth.startAutoRefresh()
    try {
      const current = () => shared.database.rows(
        'select count(*)::int as tokens from auth.refresh_tokens where user_id = $1', [before.user.id])
      const [{ tokens }] = await within(current, ([row]) => row.tokens > 1)
      assert.ok(tokens > 1)
      const after = await session(supabase)
      assert.notEqual(after.refresh_token, before.refresh_token)
      ok(await supabase.auth.getUser(after.access_token))
    } finally {
      await supabase.auth.stopAutoRefresh()
    }
  })
})

describe('admin.generateLink', () => {
  const generate = async (parameters) => ok(await admin(shared.server).auth.admin.generateLink(parameters))
  const redirectTo = 'http://127.0.0.1:3000/after'

  /** What a person gets who follows the link of a mail that the administrator writes. */
  async function follow(properties) {
    const answer = await fetch(properties.action_link, { redirect: 'manual' })
    assert.equal(answer.status, 303)
    return new URL(answer.headers.get('location'))
  }

  for (const type of ['signup', 'invite', 'magiclink', 'recovery']) {
    test(`${type}: the link signs in, once, and leads where it was told to`, async () => {
      const email = newEmail(type)
      if (type === 'recovery') ok(await admin(shared.server).auth.admin.createUser({ email, password, email_confirm: true }))
      const { properties, user } = await generate({ type, email, password, options: { redirectTo, data: { via: type } } })
      assert.equal(user.email, email)
      assert.equal(properties.redirect_to, redirectTo)
      const target = await follow(properties)
      assert.equal(target.origin + target.pathname, redirectTo)
      const tokens = Object.fromEntries(new URLSearchParams(target.hash.slice(1)))
      const supabase = client(shared.server)
      assert.equal(ok(await supabase.auth.setSession(tokens)).user.email, email)
      assert.match((await follow(properties)).hash, /error_code=otp_expired/)
      assert.deepEqual(await shared.inbox.list(email), [], 'the administrator writes the mail')
    })

    test(`${type}: its hash and its code work in verifyOtp`, async () => {
      const person = async () => {
        const email = newEmail(type)
        if (type === 'recovery') ok(await admin(shared.server).auth.admin.createUser({ email, password, email_confirm: true }))
        return { email, ...(await generate({ type, email, password })).properties }
      }
      const first = await person()
      const byHash = { token_hash: first.hashed_token, type: first.verification_type }
      assert.equal(ok(await client(shared.server).auth.verifyOtp(byHash)).user.email, first.email)
      const second = await person()
      const byCode = { email: second.email, token: second.email_otp, type: second.verification_type }
      assert.equal(ok(await client(shared.server).auth.verifyOtp(byCode)).user.email, second.email)
      refused(await client(shared.server).auth.verifyOtp(byCode), 'otp_expired', 403)
    })
  }

  test('email_change: both addresses agree', async () => {
    const { email } = await newUser(shared.server)
    const newAddress = newEmail('changed')
    const current = (await generate({ type: 'email_change_current', email, newEmail: newAddress })).properties
    const other = (await generate({ type: 'email_change_new', email, newEmail: newAddress })).properties
    const verify = (properties) => client(shared.server).auth.verifyOtp({ token_hash: properties.hashed_token, type: 'email_change' })
    ok(await verify(current))
    assert.equal(ok(await verify(other)).user.email, newAddress)
  })

  test('is nobody else\'s', async () => {
    refused(await client(shared.server).auth.admin.generateLink({ type: 'magiclink', email: newEmail() }), 'not_admin', 403)
  })
})
