import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, client, ok } from '../../kit/client.mjs'
import { denied } from '../../kit/database.mjs'
import { sleep } from '../../kit/server.mjs'

const notOne = 'Cannot coerce the result to a single JSON object'

export default function (world) {
  const from = (relation) => client(world.server).from(relation)
  const names = (answer) => ok(answer).map(({ name }) => name)
  const cities = () => from('cities').select('name')

  test('order: down, by several, with nulls first and last', async () => {
    assert.deepEqual(names(await cities().order('population', { ascending: false }).limit(2)), ['São Paulo', 'Santiago'])
    assert.deepEqual(names(await cities().order('country_id', { ascending: true }).order('name', { ascending: false })),
      ['Vienna', 'Graz', 'São Paulo', 'Santiago', 'Copenhagen', 'Atlantis'])
    const founded = (options) => cities().lte('id', 5).order('founded', options)
    assert.equal(names(await founded({ nullsFirst: true }))[0], 'Copenhagen')
    assert.equal(names(await founded({ nullsFirst: false }))[4], 'Copenhagen')
    assert.equal(names(await founded({ ascending: false }))[0], 'Copenhagen')
    assert.equal(names(await founded({ ascending: false, nullsFirst: false }))[0], 'São Paulo')
  })

  test('order of an embed, and by an embed', async () => {
    const sorted = (ascending) => from('orchestral_sections').select('name, instruments (name)')
      .order('name', { referencedTable: 'instruments', ascending }).eq('id', 1).single()
    assert.deepEqual(names({ data: ok(await sorted(true)).instruments }), ['cello', 'violin'])
    assert.deepEqual(names({ data: ok(await sorted(false)).instruments }), ['violin', 'cello'])
    const byCountry = from('cities').select('name, countries (name)').order('countries(name)', { ascending: false }).order('id')
    assert.deepEqual(names(await byCountry.lte('id', 5)), ['Copenhagen', 'Santiago', 'São Paulo', 'Vienna', 'Graz'])
    assert.deepEqual(names(await from('rooms').select('name').order('details->>floor', { nullsFirst: true }).order('id')),
      ['Doshi, B. (old)', 'Aalto', 'Bauhaus', 'Corbusier'])
  })

  test('limit and range, of rows and of embeds', async () => {
    assert.deepEqual(names(await cities().order('id').limit(2)), ['Vienna', 'Graz'])
    assert.deepEqual(ok(await cities().limit(0)), [])
    assert.deepEqual(names(await cities().order('id').range(1, 3)), ['Graz', 'São Paulo', 'Santiago'])
    assert.deepEqual(names(await cities().order('id').range(5, 99)), ['Atlantis'])
    const embedded = (limited) => limited(from('orchestral_sections').select('name, instruments (name)').eq('id', 1)
      .order('id', { referencedTable: 'instruments' }))
    assert.deepEqual(ok(await embedded((q) => q.limit(1, { referencedTable: 'instruments' }))),
      [{ name: 'strings', instruments: [{ name: 'violin' }] }])
    assert.deepEqual(ok(await embedded((q) => q.range(1, 1, { referencedTable: 'instruments' }))),
      [{ name: 'strings', instruments: [{ name: 'cello' }] }])
  })

  test('a range beyond the end: empty, and with a count refused', async () => {
    assert.deepEqual(ok(await cities().range(100, 110)), [])
    const beyond = await from('cities').select('name', { count: 'exact' }).range(100, 110)
    const error = denied(beyond, 'PGRST103', 416)
    assert.equal(error.details, 'An offset of 100 was requested, but there are only 6 rows.')
  })

  test('single: one row, none, two', async () => {
    const one = await cities().eq('id', 1).single()
    assert.deepEqual([one.data, one.status], [{ name: 'Vienna' }, 200])
    const none = denied(await cities().eq('id', 99).single(), 'PGRST116', 406)
    assert.deepEqual([none.message, none.details, none.hint], [notOne, 'The result contains 0 rows', null])
    assert.equal(denied(await cities().eq('country_id', 1).single(), 'PGRST116', 406).details, 'The result contains 2 rows')
  })

  test('maybeSingle: one row, none, two', async () => {
    assert.deepEqual(ok(await cities().eq('id', 1).maybeSingle()), { name: 'Vienna' })
    const none = await cities().eq('id', 99).maybeSingle()
    assert.deepEqual([none.data, none.error, none.status], [null, null, 200])
    denied(await cities().eq('country_id', 1).maybeSingle(), 'PGRST116', 406)
  })

  test('csv', async () => {
    assert.equal(ok(await from('countries').select('id, name, code, area').gte('id', 4).order('id').csv()),
      'id,name,code,area\n4,Denmark,,42943.90\n5,Åland,AX,1580.00')
    assert.equal(ok(await from('countries').select('id').eq('id', 99).csv()), '\n')
    assert.equal(ok(await from('rooms').select('name, tags').eq('id', 4).csv()), 'name,tags\n"Doshi, B. (old)",{}')
  })

  test('geojson says what is missing: no PostGIS here', async () => {
    const [{ installed }] = await world.database.rows("select exists (select from pg_extension where extname = 'postgis') as installed")
    assert.equal(installed, false)
    const answer = await from('cities').select().geojson()
    assert.match(denied(answer, '42883', 404).message, /^function st_asgeojson\(.*\) does not exist$/)
  })

  test('stripNulls, of rows and of one row', async () => {
    assert.deepEqual(ok(await from('cities').select('id, country_id, founded').gte('id', 5).order('id').stripNulls()),
      [{ id: 5, country_id: 4 }, { id: 6 }])
    assert.deepEqual(ok(await from('cities').select('id, founded').eq('id', 6).stripNulls().single()), { id: 6 })
    assert.throws(() => cities().csv().stripNulls(), /cannot be used with csv/)
  })

  test('explain is refused where it is not switched on', async () => {
    denied(await cities().explain(), 'PGRST107', 406)
    denied(await cities().explain({ format: 'json', analyze: true }), 'PGRST107', 406)
  })

  test('returns and overrideTypes change nothing at run time', async () => {
    assert.deepEqual(ok(await cities().eq('id', 1).returns()), [{ name: 'Vienna' }])
    assert.deepEqual(ok(await cities().eq('id', 1).overrideTypes()), [{ name: 'Vienna' }])
  })

  test('throwOnError', async () => {
    const thrown = await from('no_such_table').select().throwOnError().then(() => undefined, (error) => error)
    assert.deepEqual([thrown?.name, thrown?.code], ['PostgrestError', 'PGRST205'])
    await assert.rejects(async () => cities().eq('id', 99).single().throwOnError(), { code: 'PGRST116', message: notOne })
    assert.deepEqual((await cities().eq('id', 1).throwOnError()).data, [{ name: 'Vienna' }])
  })

  test('setHeader reaches the database', async () => {
    const supabase = client(world.server)
    assert.equal(ok(await supabase.rpc('header', { name: 'x-trace' }).setHeader('X-Trace', 'abc 1')), 'abc 1')
    assert.equal(ok(await supabase.rpc('header', { name: 'x-trace' })), null)
  })

  test('the time zone of one query', async () => {
    ok(await from('orders').insert({ customer: 'zone' }))
    const query = () => from('orders').select('placed').eq('customer', 'zone').single()
    assert.deepEqual(ok(await query()), { placed: '2024-05-06T07:08:09+00:00' })
    assert.deepEqual(ok(await query().setHeader('Prefer', 'timezone=America/Los_Angeles')), { placed: '2024-05-06T00:08:09-07:00' })
  })

  test('rollback does nothing where it is not switched on', async () => {
    ok(await from('stock').insert({ item: 'stays', amount: 1 }).rollback())
    assert.deepEqual(await world.database.rows("select amount from stock where item = 'stays'"), [{ amount: 1 }])
  })

  test('retry: a query that is not to be repeated is sent once', async () => {
    let sent = 0
    const failing = () => {
      sent += 1
      return Promise.reject(new TypeError('unreachable'))
    }
    const supabase = client(world.server, { global: { fetch: failing } })
    const answer = await supabase.from('cities').select().retry(false)
    assert.deepEqual([answer.status, answer.error.message, sent], [0, 'TypeError: unreachable', 1])
    assert.deepEqual(names(await cities().eq('id', 1).retry(true)), ['Vienna'])
  })

  test('maxAffected: more rows than that, and nothing is done', async () => {
    const trusted = admin(world.server)
    ok(await trusted.from('stock').insert(['m1', 'm2', 'm3'].map((item) => ({ item, amount: 1 }))))
    const change = (most) => trusted.from('stock').update({ amount: 2 }).like('item', 'm_').maxAffected(most)
    assert.equal(denied(await change(2), 'PGRST124', 400).details, 'The query affects 3 rows')
    denied(await trusted.from('stock').delete().like('item', 'm_').maxAffected(1), 'PGRST124', 400)
    denied(await trusted.rpc('restock', { wanted: 'm_', plus: 1 }).maxAffected(2), 'PGRST124', 400)
    denied(await trusted.rpc('add', { a: 1 }).maxAffected(2), 'PGRST128', 400)
    const amounts = () => world.database.rows("select amount from stock where item like 'm_'")
    assert.deepEqual((await amounts()).map(({ amount }) => amount), [1, 1, 1])
    assert.equal(ok(await change(3).select()).length, 3)
    assert.deepEqual((await amounts()).map(({ amount }) => amount), [2, 2, 2])
  })

  test('abortSignal ends the query in PostgreSQL too', async () => {
    const abort = new AbortController()
    const answered = admin(world.server).rpc('sleep', { seconds: 7 }).abortSignal(abort.signal).then((answer) => answer)
    await until(async () => (await sleeping(world)) === 1, 'the query runs')
    abort.abort()
    const { error, data, status } = await answered
    assert.deepEqual([data, status], [null, 0])
    assert.match(error.message, /^AbortError/)
    await until(async () => (await sleeping(world)) === 0, 'the query has ended')
  })

  test('many that are aborted leave their connections to others', async () => {
    const abort = new AbortController()
    const trusted = admin(world.server)
    const answered = Promise.all(Array.from({ length: 30 }, () => trusted.rpc('sleep', { seconds: 7 }).abortSignal(abort.signal)))
    await until(async () => (await sleeping(world)) > 1, 'some run')
    abort.abort()
    assert.deepEqual(new Set((await answered).map(({ status }) => status)), new Set([0]))
    const begun = Date.now()
    const next = await Promise.all(Array.from({ length: 30 }, () => cities().eq('id', 1)))
    assert.ok(next.every((answer) => ok(answer)[0].name === 'Vienna'))
    assert.ok(Date.now() - begun < 2000, 'they wait for nobody')
    await until(async () => (await sleeping(world)) === 0, 'all queries have ended')
  })
}

/** How many calls of sleep() run in PostgreSQL. */
async function sleeping({ database }) {
  const [{ count }] = await database.rows(`select count(*)::int as count from pg_stat_activity
    where state = 'active' and query like '%"sleep"%' and pid <> pg_backend_pid()`)
  return count
}

/** Waits at most two seconds. */
async function until(condition, what) {
  const end = Date.now() + 2000
  while (!(await condition())) {
    assert.ok(Date.now() < end, `not within two seconds: ${what}`)
    await sleep(20)
  }
}
