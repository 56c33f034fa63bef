import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { admin, client, newUser, ok, password, signedIn } from '../../kit/client.mjs'
import { denied } from '../../kit/database.mjs'

const bodies = (answer) => ok(answer).map(({ body }) => body)

export default function (world) {
  let ann, ben
  before(async () => {
    [ann, ben] = await Promise.all([newUser(world.server, 'ann'), newUser(world.server, 'ben')])
    const hers = [{ body: 'ann: hers' }, { body: 'ann: for all', is_public: true }]
    ok(await ann.supabase.from('notes').insert(hers, { defaultToNull: false }))
    ok(await ben.supabase.from('notes').insert({ body: 'ben: his' }))
  })

  test('who asks, as SQL sees it', async () => {
    const anonymous = { role: 'anon', uid: null, claimed: 'anon', email: null, job: null }
    assert.deepEqual(ok(await client(world.server).rpc('caller')), anonymous)
    assert.deepEqual(ok(await ann.supabase.rpc('caller')),
      { role: 'authenticated', uid: ann.id, claimed: 'authenticated', email: ann.email, job: null })
    assert.deepEqual(ok(await admin(world.server).rpc('caller')), { ...anonymous, role: 'service_role', claimed: 'service_role' })
  })

  test('many at once on few connections: nobody is taken for somebody else', async () => {
    const callers = [[ann.supabase, ann.id], [client(world.server), null], [ben.supabase, ben.id], [admin(world.server), null]]
    const asked = Array.from({ length: 120 }, (_, index) => callers[index % callers.length])
    const answers = await Promise.all(asked.map(([supabase]) => supabase.rpc('caller')))
    assert.deepEqual(answers.map((answer) => ok(answer).uid), asked.map(([, id]) => id))
  })

  test('after signing out the same client is nobody', async () => {
    const { supabase, id } = await newUser(world.server, 'leaving')
    assert.equal(ok(await supabase.rpc('caller')).uid, id)
    assert.equal((await supabase.auth.signOut()).error, null)
    assert.equal(ok(await supabase.rpc('caller')).role, 'anon')
  })

  test('the roles bring their own settings', async () => {
    assert.equal(ok(await client(world.server).rpc('patience')), '3s')
    assert.equal(ok(await ann.supabase.rpc('patience')), '8s')
  })

  test('the opaque keys stand for the same roles', async () => {
    const { server } = world
    assert.equal(ok(await client(server, { key: server.publishableKey }).rpc('caller')).role, 'anon')
    assert.equal(ok(await client(server, { key: server.secretKey }).rpc('caller')).role, 'service_role')
  })

  test('a user who signed in with the publishable key', async () => {
    const supabase = client(world.server, { key: world.server.publishableKey })
    ok(await supabase.auth.signInWithPassword({ email: ben.email, password }))
    assert.equal(ok(await supabase.rpc('caller')).uid, ben.id)
    assert.deepEqual(bodies(await supabase.from('notes').select('body').eq('is_public', false)), ['ben: his'])
  })

  test('everybody sees what is public, users their own, the service everything', async () => {
    const seen = (supabase) => supabase.from('notes').select('body').order('id')
    assert.deepEqual(bodies(await seen(client(world.server))), ['ann: for all'])
    assert.deepEqual(bodies(await seen(ann.supabase)), ['ann: hers', 'ann: for all'])
    assert.deepEqual(bodies(await seen(ben.supabase)), ['ann: for all', 'ben: his'])
    assert.deepEqual(bodies(await seen(admin(world.server))), ['ann: hers', 'ann: for all', 'ben: his'])
    assert.equal((await client(world.server).from('notes').select('*', { count: 'exact', head: true })).count, 1)
  })

  test('a row gets its owner by auth.uid()', async () => {
    const row = ok(await ben.supabase.from('notes').select('owner').eq('body', 'ben: his').single())
    assert.deepEqual(row, { owner: ben.id })
  })

  test('writing for somebody else is refused: 403 for users, 401 for nobody', async () => {
    const forged = denied(await ben.supabase.from('notes').insert({ owner: ann.id, body: 'forged' }), '42501', 403)
    assert.equal(forged.message, 'new row violates row-level security policy for table "notes"')
    denied(await client(world.server).from('notes').insert({ owner: ann.id, body: 'forged' }), '42501', 401)
    denied(await ben.supabase.from('notes').update({ owner: ann.id }).eq('body', 'ben: his'), '42501', 403)
    assert.deepEqual(await world.database.rows("select 1 from notes where body = 'forged'"), [])
  })

  test('rows of others cannot be changed or deleted: they are not there', async () => {
    assert.deepEqual(ok(await ben.supabase.from('notes').update({ body: 'mine now' }).eq('owner', ann.id).select()), [])
    assert.deepEqual(ok(await ben.supabase.from('notes').delete().eq('owner', ann.id).select()), [])
    assert.deepEqual(ok(await client(world.server).from('notes').delete().eq('is_public', true).select()), [])
    const [{ count }] = await world.database.rows('select count(*)::int from notes where owner = $1', [ann.id])
    assert.equal(count, 2)
  })

  test('own rows can', async () => {
    const own = ok(await ann.supabase.from('notes').insert({ body: 'draft' }).select().single())
    assert.deepEqual(ok(await ann.supabase.from('notes').update({ body: 'final' }).eq('id', own.id).select('body')), [{ body: 'final' }])
    assert.equal((await ann.supabase.from('notes').delete({ count: 'exact' }).eq('id', own.id)).count, 1)
  })

  test('the service writes for everybody', async () => {
    const trusted = admin(world.server)
    const { id } = ok(await trusted.from('notes').insert({ owner: ben.id, body: 'from the service' }).select('id').single())
    assert.deepEqual(bodies(await ben.supabase.from('notes').select('body').eq('id', id)), ['from the service'])
    assert.deepEqual(ok(await ann.supabase.from('notes').select().eq('id', id)), [])
    assert.equal((await trusted.from('notes').delete({ count: 'exact' }).eq('id', id)).count, 1)
  })

  test('a policy by a claim: the auditor reads everything, once the token says so', async () => {
    const { supabase, id, email } = await newUser(world.server, 'auditor')
    ok(await admin(world.server).auth.admin.updateUserById(id, { app_metadata: { job: 'auditor' } }))
    const count = async (asking) => (await asking.from('notes').select('*', { count: 'exact', head: true })).count
    assert.equal(await count(supabase), 1)
    const later = await signedIn(world.server, { email })
    assert.equal(ok(await later.rpc('caller')).job, 'auditor')
    assert.equal(await count(later), 3)
  })

  test('a table without a policy is empty, one without a grant is refused', async () => {
    assert.deepEqual(ok(await ann.supabase.from('sealed').select()), [])
    assert.deepEqual(ok(await admin(world.server).from('sealed').select()), [{ id: 1 }])
    const error = denied(await client(world.server).from('secrets').select(), '42501', 401)
    assert.equal(error.message, 'permission denied for table secrets')
    denied(await ann.supabase.from('secrets').select(), '42501', 403)
    denied(await ann.supabase.from('secrets').delete().eq('id', 1), '42501', 403)
    assert.deepEqual(ok(await admin(world.server).from('secrets').select('word')), [{ word: 'swordfish' }])
  })
}
