import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, ok } from '../../kit/client.mjs'
import { denied, within } from '../../kit/database.mjs'

export default function (world) {
  const rpc = (...given) => client(world.server).rpc(...given)

  test('a value, with arguments and without', async () => {
    assert.equal(ok(await rpc('hello')), 'Hello, world')
    assert.equal(ok(await rpc('add', { a: 1, b: 2 })), 3)
    assert.equal(ok(await rpc('add', { a: 1 })), 11)
    const none = await rpc('nothing')
    assert.deepEqual([none.data, none.error, none.status], [null, null, 200])
  })

  test('nothing at all: 204', async () => {
    const answer = await rpc('nothing_to_say')
    assert.deepEqual([answer.data, answer.error, answer.status], [null, null, 204])
  })

  test('arrays, sets of values, JSON', async () => {
    assert.deepEqual(ok(await rpc('reversed', { items: [1, 2, 3] })), [3, 2, 1])
    assert.deepEqual(ok(await rpc('squares', { up_to: 4 })), [1, 4, 9, 16])
    assert.deepEqual(ok(await rpc('squares', { up_to: 0 })), [])
    assert.deepEqual(ok(await rpc('keys_of', { document: { b: 1, a: [2] } })), ['a', 'b'])
    assert.deepEqual(ok(await rpc('echo', { any: { thing: [1, null] } })), { any: { thing: [1, null] } })
    assert.equal(ok(await rpc('joined', { words: ['to', 'be'] })), 'to be')
  })

  test('limit and range of a set of values', async () => {
    assert.deepEqual(ok(await rpc('squares', { up_to: 9 }).limit(2)), [1, 4])
    const page = await rpc('squares', { up_to: 9 }, { count: 'exact' }).range(2, 3)
    assert.deepEqual([page.data, page.count, page.status], [[9, 16], 9, 206])
  })

  test('a row, several columns, a table', async () => {
    assert.equal(ok(await rpc('country', { wanted: 3 })).name, 'Chile')
    assert.deepEqual(ok(await rpc('split', { total: 23 })), { whole: 3, rest: 2 })
    assert.deepEqual(ok(await rpc('ranking').limit(2)), [{ place: 1, name: 'Brazil' }, { place: 2, name: 'Chile' }])
  })

  test('the rows of a function: columns, filters, order, range, one', async () => {
    const european = () => rpc('countries_of', { continent: 'Europe' })
    assert.deepEqual(ok(await european().select('id, name')), [
      { id: 1, name: 'Austria' }, { id: 4, name: 'Denmark' }, { id: 5, name: 'Åland' },
    ])
    assert.deepEqual(ok(await european().select('name').gt('area', 40000).is('code', null)), [{ name: 'Denmark' }])
    assert.deepEqual(ok(await european().select('id').order('area').limit(2)), [{ id: 5 }, { id: 4 }])
    assert.deepEqual(ok(await european().select('id').or('id.eq.1,name.eq.Denmark').range(1, 1)), [{ id: 4 }])
    assert.deepEqual(ok(await european().select('name').eq('id', 1).single()), { name: 'Austria' })
    assert.equal(ok(await european().select('name').eq('id', 9).maybeSingle()), null)
    denied(await european().single(), 'PGRST116', 406)
  })

  test('embeds in the rows of a function', async () => {
    assert.deepEqual(ok(await rpc('countries_of', { continent: 'South America' }).select('name, cities (name)')), [
      { name: 'Brazil', cities: [{ name: 'São Paulo' }] }, { name: 'Chile', cities: [{ name: 'Santiago' }] },
    ])
    assert.deepEqual(ok(await rpc('country', { wanted: 4 }).select('cities (name)')), { cities: [{ name: 'Copenhagen' }] })
  })

  test('by GET', async () => {
    assert.equal(ok(await rpc('add', { a: 1, b: 2 }, { get: true })), 3)
    assert.deepEqual(ok(await rpc('reversed', { items: [1, 2, 3] }, { get: true })), [3, 2, 1])
    assert.equal(ok(await rpc('add', { a: 1, b: undefined }, { get: true })), 11)
    assert.deepEqual(ok(await rpc('countries_of', { continent: 'Europe' }, { get: true }).select('id').eq('code', 'AX')), [{ id: 5 }])
    // The client writes a list as one array; of a variadic argument each value in the address is one element.
    assert.equal(ok(await rpc('joined', { words: ['to', 'be'] }, { get: true })), '{to,be}')
  })

  test('by GET nothing is written', async () => {
    ok(await client(world.server).from('stock').insert({ item: 'readonly', amount: 1 }))
    denied(await rpc('restock', { wanted: 'readonly', plus: 1 }, { get: true }), '25006', 405)
    assert.deepEqual(ok(await rpc('restock', { wanted: 'readonly', plus: 2 }).select('amount')), [{ amount: 3 }])
  })

  test('count, with the rows and without', async () => {
    const counted = await rpc('countries_of', { continent: 'Europe' }, { count: 'exact' }).limit(1).select('id')
    assert.deepEqual([counted.data, counted.count], [[{ id: 1 }], 3])
    const head = await rpc('countries_of', { continent: 'Europe' }, { head: true, count: 'exact' })
    assert.deepEqual([head.data, head.count, head.error], [null, 3, null])
    const objects = await rpc('keys_of', { document: { a: 1 } }, { head: true, count: 'exact' })
    assert.deepEqual([objects.error, objects.count], [null, 1])
  })

  test('csv', async () => {
    assert.equal(ok(await rpc('ranking').lte('place', 2).csv()), 'place,name\n1,Brazil\n2,Chile')
  })

  test('in another schema', async () => {
    const library = client(world.server).schema('library')
    assert.equal(ok(await library.rpc('motto', { city: 1 })), 'fluctuat nec mergitur')
    denied(await library.rpc('hello'), 'PGRST202', 404)
  })

  test('no such function, no such arguments', async () => {
    const unknown = denied(await rpc('helo'), 'PGRST202', 404)
    assert.equal(unknown.message, 'Could not find the function public.helo without parameters in the schema cache')
    assert.equal(unknown.hint, 'Perhaps you meant to call the function public.hello')
    const mismatch = denied(await rpc('add', { a: 1, c: 2 }), 'PGRST202', 404)
    assert.equal(mismatch.message, 'Could not find the function public.add(a, c) in the schema cache')
    assert.equal(mismatch.details, 'Searched for the function public.add with parameters a, c '
      + 'or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.')
    assert.equal(mismatch.hint, 'Perhaps you meant to call the function public.add(a, b)')
    denied(await rpc('add', { a: 'one' }), '22P02', 400)
  })

  test('two functions of one name that differ in nothing the call says', async () => {
    await world.database.rows('create function twice(n int) returns int language sql as $$ select n * 2 $$')
    await world.database.rows('create function twice(n text) returns text language sql as $$ select n || n $$')
    const answer = await within(() => rpc('twice', { n: 1 }), ({ error }) => error?.code === 'PGRST203')
    const error = denied(answer, 'PGRST203', 300)
    assert.match(error.message, /public\.twice\(n => integer\), public\.twice\(n => text\)/)
  })
}
