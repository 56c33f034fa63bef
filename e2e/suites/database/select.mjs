import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, ok } from '../../kit/client.mjs'

export default function (world) {
  const from = (relation) => client(world.server).from(relation)

  test('all columns, in the order of the table, with the types of JSON', async () => {
    assert.deepEqual(Object.entries(ok(await from('countries').select().eq('id', 1).single())), [
      ['id', 1], ['name', 'Austria'], ['code', 'AT'], ['continent', 'Europe'], ['area', 83879], ['independent', true],
    ])
    const whole = await from('countries').select('*').order('id')
    assert.deepEqual(whole.data.map(({ name }) => name), ['Austria', 'Brazil', 'Chile', 'Denmark', 'Åland'])
    assert.deepEqual([whole.status, whole.statusText, whole.count, whole.error], [200, 'OK', null, null])
  })

  test('some columns in the order that was asked for, blanks and line ends between them', async () => {
    const row = ok(await from('cities').select(`
      population,
      name`).eq('id', 2).single())
    assert.deepEqual(Object.entries(row), [['population', 295424], ['name', 'Graz']])
  })

  test('other names and other types', async () => {
    assert.deepEqual(ok(await from('cities').select('town:name, people:population::text, founded::timestamp').eq('id', 2)), [
      { town: 'Graz', people: '295424', founded: '1128-01-01T00:00:00' },
    ])
    assert.deepEqual(ok(await from('users').select('"the name":username').eq('id', 1)), [{ 'the name': 'ada' }])
  })

  test('paths into JSON', async () => {
    const select = 'details->floor, lumen:details->beamer->lumen, second:details->beamer->lamps->>1, '
      + 'last:details->beamer->lamps->-1, details->nothing->deeper'
    assert.deepEqual(ok(await from('rooms').select(select).eq('id', 1)), [
      { floor: 1, lumen: 900, second: 'new', last: 'new', deeper: null },
    ])
    assert.deepEqual(ok(await from('rooms').select('details->>floor').eq('id', 1)), [{ floor: '1' }])
    assert.deepEqual(ok(await from('rooms').select('floor:details->>floor::int').eq('id', 2)), [{ floor: 2 }])
  })

  test('values of every kind as PostgreSQL writes them', async () => {
    assert.deepEqual(ok(await from('rooms').select('tags, details, seats, booked, words').eq('id', 2).single()), {
      tags: ['window'],
      details: { floor: 2, beamer: { lumen: 2500 }, open: false },
      seats: '[5,10)',
      booked: '["2000-01-01 13:00:00","2000-01-01 15:00:00")',
      words: "'cat':5 'fat':1 'rat':2 'world':6",
    })
  })

  test('a path into an array', async () => {
    assert.deepEqual(ok(await from('rooms').select('first:tags->0, second:tags->>1').eq('id', 1)), [{ first: 'quiet', second: 'window' }])
  })

  test('a column that is a function', async () => {
    assert.deepEqual(ok(await from('countries').select('id, shout').eq('shout', 'CHILE!')), [{ id: 3, shout: 'CHILE!' }])
    assert.ok(!('shout' in ok(await from('countries').select().limit(1).single())))
  })

  test('a view', async () => {
    assert.deepEqual(ok(await from('european_cities').select('name, country_name').order('name')), [
      { name: 'Copenhagen', country_name: 'Denmark' },
      { name: 'Graz', country_name: 'Austria' },
      { name: 'Vienna', country_name: 'Austria' },
    ])
  })

  test('names that need quoting', async () => {
    const odd = () => from('Odd Table')
    assert.deepEqual(ok(await odd().select()), [{ 'a b': 1, 'c.d': 'dotted', 'e,f(g)': 'listed', 'ü': 'Umlaut', select: 'reserved' }])
    const named = odd().select('"a b", "c.d", x:"e,f(g)", ü, select').eq('"c.d"', 'dotted').eq('a b', 1).like('ü', 'Um%')
    assert.deepEqual(ok(await named.order('"c.d"')), [{ 'a b': 1, 'c.d': 'dotted', x: 'listed', 'ü': 'Umlaut', select: 'reserved' }])
    assert.deepEqual(ok(await odd().select('"a b"').or('"c.d".eq.dotted,"e,f(g)".eq.other')), [{ 'a b': 1 }])
    const row = { 'a b': 2, 'c.d': 'x', 'e,f(g)': 'y' }
    assert.deepEqual(ok(await odd().insert([row]).select('"a b", "c.d", "e,f(g)"')), [row])
    assert.deepEqual(ok(await odd().update({ 'e,f(g)': 'z' }).eq('a b', 2).select('"e,f(g)"')), [{ 'e,f(g)': 'z' }])
    assert.equal((await odd().delete({ count: 'exact' }).eq('"a b"', 2)).count, 1)
  })

  test('a query with two thousand values in its URL', async () => {
    const wanted = Array.from({ length: 2000 }, (_, index) => 2 * index)
    const { data, count } = await from('numbers').select('id', { count: 'exact' }).in('id', wanted)
      .order('id', { ascending: false }).limit(2)
    assert.deepEqual([data, count], [[{ id: 1200 }, { id: 1198 }], 600])
  })

  test('only the count', async () => {
    const exact = await from('cities').select('*', { head: true, count: 'exact' })
    assert.deepEqual([exact.data, exact.count, exact.status], [null, 6, 200])
    const some = await from('cities').select('*', { head: true, count: 'exact' }).gt('population', 1000000)
    assert.deepEqual([some.data, some.count], [null, 3])
    const without = await from('cities').select('*', { head: true })
    assert.deepEqual([without.data, without.count, without.error], [null, null, null])
  })

  test('rows and count', async () => {
    const page = await from('cities').select('name', { count: 'exact' }).order('id').range(1, 2)
    assert.deepEqual([page.data, page.count, page.status], [[{ name: 'Graz' }, { name: 'São Paulo' }], 6, 206])
    const all = await from('cities').select('name', { count: 'exact' })
    assert.deepEqual([all.data.length, all.count, all.status], [6, 6, 200])
  })

  test('the count as planned: the number that EXPLAIN gives', async () => {
    const [{ 'QUERY PLAN': [{ Plan: plan }] }] = await world.database.rows('explain (format json) select 1 from numbers where id <= 300')
    const planned = await from('numbers').select('*', { head: true, count: 'planned' }).lte('id', 300)
    assert.equal(planned.count, plan['Plan Rows'])
    assert.ok(planned.count > 250 && planned.count < 350, `${planned.count}`)
  })

  test('the count as estimated: exact up to max_rows, beyond it what is planned', async () => {
    const few = await from('numbers').select('id', { count: 'estimated' }).lte('id', 7)
    assert.deepEqual([few.count, few.data.length], [7, 7])
    const many = await from('numbers').select('id', { count: 'estimated' })
    assert.deepEqual([many.count, many.data.length], [1200, 1000])
  })

  test('another schema, for one query and for a client', async () => {
    const books = [{ id: 1, title: 'Emma', year: 1815 }, { id: 2, title: 'Ulysses', year: 1922 }]
    assert.deepEqual(ok(await client(world.server).schema('library').from('books').select().order('id')), books)
    const reader = client(world.server, { db: { schema: 'library' } })
    assert.deepEqual(ok(await reader.from('books').select('title').eq('id', 2).single()), { title: 'Ulysses' })
    // The same name in both schemas.
    assert.deepEqual(ok(await reader.from('cities').select()), [{ id: 1, motto: 'fluctuat nec mergitur' }])
    assert.deepEqual(ok(await reader.schema('public').from('cities').select('name').eq('id', 1)), [{ name: 'Vienna' }])
  })
}
