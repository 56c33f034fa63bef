// Projects of the kinds that everybody starts with: their migrations and seeds run as they are, and an app works on what they make.
import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { admin, claimsOf, client, newEmail, ok, password } from '../kit/client.mjs'
import { Database } from '../kit/database.mjs'
import { startServer } from '../kit/server.mjs'
import { assertNoPanic } from '../kit/world.mjs'

/** A copy of the project, started. */
async function starter(name, use) {
  const folder = mkdtempSync(join(tmpdir(), `ferrobase-e2e-${name}-`))
  chmodSync(folder, 0o755)
  cpSync(fileURLToPath(new URL(`../projects/${name}`, import.meta.url)), folder, { recursive: true })
  const server = await startServer({ name: `starter-${name}`, folder, ephemeral: false })
  const database = await Database.connect(server)
  try {
    const recorded = await database.rows('select version from supabase_migrations.schema_migrations order by 1')
    assert.ok(recorded.length > 0)
    await use({ server, database })
    assertNoPanic(server.log())
  } finally {
    await database.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function signUp(server, email = newEmail(), data = {}) {
  const supabase = client(server)
  const { user } = ok(await supabase.auth.signUp({ email, password, options: { data } }))
  return { supabase, user }
}

/** Changes of a table, once the subscription stands. */
async function live(supabase, table) {
  const heard = []
  await new Promise((done, failed) => {
    supabase.channel(`live ${table}`)
      .on('postgres_changes', { event: '*', schema: 'public', table }, (change) => heard.push(change))
      .on('system', {}, ({ extension, status, message }) => {
        if (extension === 'postgres_changes') status === 'ok' ? done() : failed(new Error(message))
      })
      .subscribe()
  })
  return async (count) => {
    const end = Date.now() + 10_000
    while (heard.length < count) {
      assert.ok(Date.now() < end, `${heard.length} of ${count}`)
      await new Promise((done) => setTimeout(done, 20))
    }
    return heard
  }
}

test('a chat with roles, a hook in the token and live messages', () => starter('slack', async ({ server }) => {
  const founder = client(server)
  ok(await founder.auth.signInWithPassword({ email: 'founder@example.com', password }))
  const channels = ok(await founder.from('channels').select('slug, users(username)').order('slug'))
  assert.deepEqual(channels.map(({ slug, users }) => [slug, users.username]), [['public', 'founder@example.com'], ['random', 'founder@example.com']])
  assert.deepEqual(ok(await client(server).from('channels').select()), [], 'nobody else sees them')

  const { supabase: ann, user } = await signUp(server)
  const { supabase: moderator } = await signUp(server, `mod+supamod@example.com`)
  const claims = async (supabase) => claimsOf(ok(await supabase.auth.getSession()).session.access_token)
  assert.deepEqual([(await claims(ann)).user_role, (await claims(moderator)).user_role], [null, 'moderator'])

  await moderator.realtime.setAuth()
  const heard = await live(moderator, 'messages')
  const message = ok(await ann.from('messages').insert({ message: 'hi', user_id: user.id, channel_id: 1 }).select().single())
  assert.equal((await ann.from('messages').insert({ message: 'not me', user_id: '8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e', channel_id: 1 })).error.code, '42501')
  assert.equal((await heard(1))[0].new.message, 'hi')
  // Not one's own, and no permission; and then with the permission of the role in the token.
  assert.equal(ok(await ann.from('channels').delete().eq('slug', 'random').select()).length, 0)
  assert.equal(ok(await moderator.from('channels').delete().eq('slug', 'random').select()).length, 0)
  assert.equal(ok(await moderator.from('messages').delete().eq('id', message.id).select()).length, 1)
  assert.deepEqual([(await heard(2))[1].eventType, (await heard(2))[1].old], ['DELETE', { id: message.id }])
  await moderator.removeAllChannels()
}))

test('profiles, avatars and a search', () => starter('profiles', async ({ server, database }) => {
  const { supabase, user } = await signUp(server, undefined, { full_name: 'Ann Example' })
  assert.equal(ok(await supabase.from('profiles').select().eq('id', user.id).single()).full_name, 'Ann Example')
  ok(await supabase.from('profiles').upsert({ id: user.id, username: 'ann', updated_at: new Date() }))
  assert.equal((await supabase.from('profiles').update({ username: 'a' }).eq('id', user.id)).error.code, '23514')
  assert.equal(ok(await client(server).rpc('find_profiles', { term: 'Anne Exampel' }))[0].username, 'ann')
  assert.deepEqual(ok(await client(server).from('profile_names').select('name')), [{ name: 'ann' }])

  ok(await supabase.storage.from('avatars').upload('ann.png', new Blob(['picture']), { contentType: 'image/png' }))
  assert.equal(await ok(await supabase.storage.from('avatars').download('ann.png')).text(), 'picture')
  ok(await supabase.storage.from('avatars').update('ann.png', new Blob(['another'])))
  const { supabase: other } = await signUp(server)
  assert.ok((await other.storage.from('avatars').update('ann.png', new Blob(['stolen']))).error)
  assert.equal(await ok(await supabase.storage.from('avatars').download('ann.png')).text(), 'another')
  ok(await admin(server).auth.admin.deleteUser(user.id))
  assert.deepEqual(await database.rows('select id from public.profiles where id = $1', [user.id]), [])
}))

test('products, prices and subscriptions', () => starter('stripe', async ({ server }) => {
  const anybody = client(server)
  const products = ok(await anybody.from('products').select('name, description, prices(unit_amount, interval)').order('metadata->index'))
  assert.deepEqual(products, [
    { name: 'Hobby', description: 'For one person; says "hi"', prices: [{ unit_amount: 1000, interval: 'month' }] },
    { name: 'Team', description: 'For all\nof them', prices: [{ unit_amount: 900719925474, interval: 'year' }] },
  ])
  const { supabase, user } = await signUp(server, undefined, { full_name: 'Ann' })
  const { user: other } = await signUp(server)
  assert.deepEqual(ok(await supabase.from('users').select('full_name')), [{ full_name: 'Ann' }])
  // What a webhook does with the service's key.
  const trusted = admin(server)
  ok(await trusted.from('customers').insert({ id: user.id, stripe_customer_id: 'cus_1' }))
  ok(await trusted.from('subscriptions').insert([
    { id: 'sub_1', user_id: user.id, status: 'active', price_id: 'price_hobby', quantity: 1 }, { id: 'sub_2', user_id: other.id, status: 'trialing', price_id: 'price_team' },
  ]))
  assert.deepEqual(ok(await supabase.from('customers').select()), [])
  const mine = ok(await supabase.from('subscriptions').select('id, prices(*, products(name))').in('status', ['trialing', 'active']).maybeSingle())
  assert.deepEqual([mine.id, mine.prices.products.name], ['sub_1', 'Hobby'])

  const heard = await live(anybody, 'prices')
  ok(await trusted.from('prices').update({ unit_amount: 2000 }).eq('id', 'price_hobby'))
  assert.equal((await heard(1))[0].new.unit_amount, 2000)
  await anybody.removeAllChannels()
}))
