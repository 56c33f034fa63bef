import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, ok } from '../../kit/client.mjs'
import { denied } from '../../kit/database.mjs'

const placed = '2024-05-06T07:08:09+00:00'

export default function (world) {
  const from = (relation) => client(world.server).from(relation)
  const orders = () => from('orders')
  const kept = (customer) => world.database.rows(
    'select item, amount, paid from orders where customer = $1 order by item', [customer])

  test('insert: one row, and nothing comes back', async () => {
    const answer = await orders().insert({ customer: 'one', item: 'pen', amount: 2 })
    assert.deepEqual([answer.data, answer.error, answer.count, answer.status, answer.statusText], [null, null, null, 201, 'Created'])
    assert.deepEqual(await kept('one'), [{ item: 'pen', amount: 2, paid: null }])
  })

  test('insert: what is written comes back, with its defaults', async () => {
    const { id, ...rest } = ok(await orders().insert({ customer: 'back', extra: { gift: [true, null] } }).select().single())
    assert.ok(Number.isInteger(id))
    assert.deepEqual(rest, {
      customer: 'back', item: 'pencil', amount: 1, paid: null, extra: { gift: [true, null] }, placed, country_id: null,
    })
  })

  test('insert: several rows, some columns back with an embed and a count', async () => {
    const answer = await orders().insert([
      { customer: 'many', item: 'b', country_id: 1 }, { customer: 'many', item: 'a', country_id: null },
    ], { count: 'exact' }).select('item, countries (name)').order('item')
    assert.deepEqual([answer.data, answer.count, answer.status], [
      [{ item: 'a', countries: null }, { item: 'b', countries: { name: 'Austria' } }], 2, 201,
    ])
    const empty = await orders().insert([]).select()
    assert.deepEqual([empty.data, empty.status], [[], 201])
  })

  test('insert: keys that a row lacks are null, or the default of the column', async () => {
    const rows = [{ customer: 'gaps', item: 'a', amount: 5 }, { customer: 'gaps', item: 'b' }]
    denied(await orders().insert(rows), '23502', 400)
    assert.deepEqual(await kept('gaps'), [])
    assert.deepEqual(ok(await orders().insert(rows, { defaultToNull: false }).select('item, amount')), [
      { item: 'a', amount: 5 }, { item: 'b', amount: 1 },
    ])
    const nullable = [{ item: 'gap-1', amount: 1, shelf: 'B2' }, { item: 'gap-2', amount: 1 }]
    assert.deepEqual(ok(await from('stock').insert(nullable).select('shelf')), [{ shelf: 'B2' }, { shelf: null }])
  })

  test('insert: big numbers, quotes, and letters of every kind', async () => {
    const row = { customer: "O'Neil 😀", extra: { 'a "key"': 'x\n\t\\ 😀', big: 2 ** 53 - 1 } }
    assert.deepEqual(ok(await orders().insert(row).select('customer, extra').single()), row)
    const big = orders().insert({ id: 9007199254740993n, customer: 'bigint' })
    assert.deepEqual(ok(await big.select('id::text').single()), { id: '9007199254740993' })
  })

  test('insert and update: values of every kind come back as they went in', async () => {
    const row = {
      id: '00000000-0000-4000-8000-000000000001',
      flags: [true, null, false],
      names: ['plain', 'a,b', 'a"b\\', '{}', '', 'NULL', null],
      grid: [[1, 2], [3, 4]],
      moods: ['calm', 'away'],
      exact: 12345678.25,
      wide: -1.5e300,
      day: '2024-02-29',
      clock: '12:34:56.789',
      lasting: '1 day 02:03:04',
      span: '[2024-01-01,2024-02-01)',
      bytes: '\\x00ff10',
      host: '192.168.0.0/24',
      home: { street: 'Main St. 1, left', town: 'Graz' },
      document: { nested: [{ deep: null }, 'text', 1.5, false] },
    }
    assert.deepEqual(ok(await from('kinds').insert(row).select().single()), row)
    assert.deepEqual(ok(await from('kinds').select().match({ id: row.id, day: row.day, host: row.host }).single()), row)
    const other = Object.fromEntries(Object.keys(row).map((column) => [column, column === 'id' ? row.id : null]))
    assert.deepEqual(ok(await from('kinds').update(other).eq('id', row.id).select().single()), other)
    assert.equal((await from('kinds').select('*', { head: true, count: 'exact' }).is('document', null)).count, 1)
    const odd = { wide: 'Infinity', exact: '0.10' }
    assert.deepEqual(ok(await from('kinds').update(odd).eq('id', row.id).select('wide, exact::text').single()), odd)
  })

  test('insert: dates of JavaScript, and keys without a value', async () => {
    const inserted = orders().insert({ customer: 'js', placed: new Date(0), item: undefined })
    assert.deepEqual(ok(await inserted.select('item, placed').single()), { item: 'pencil', placed: '1970-01-01T00:00:00+00:00' })
  })

  test('insert: five thousand rows at once, and a value of three million letters', async () => {
    const rows = Array.from({ length: 5000 }, (_, index) => ({ item: `bulk-${index}`, amount: index }))
    const answer = await from('stock').insert(rows, { count: 'exact' })
    assert.deepEqual([answer.error, answer.count, answer.status], [null, 5000, 201])
    assert.equal((await from('stock').delete({ count: 'exact' }).like('item', 'bulk-%')).count, 5000)
    const long = 'long '.repeat(600_000)
    assert.equal(ok(await orders().insert({ customer: 'long', extra: { long } }).select('extra->>long').single()).long, long)
  })

  test('update: the rows that match', async () => {
    ok(await orders().insert(['a', 'b', 'c'].map((item) => ({ customer: 'upd', item }))))
    const quiet = await orders().update({ paid: true }).eq('customer', 'upd').eq('item', 'a')
    assert.deepEqual([quiet.data, quiet.status, quiet.count], [null, 204, null])
    const shown = await orders().update({ amount: 7, extra: null }, { count: 'exact' }).eq('customer', 'upd').in('item', ['b', 'c'])
      .select('item, amount').order('item', { ascending: false })
    assert.deepEqual([shown.data, shown.count, shown.status], [[{ item: 'c', amount: 7 }, { item: 'b', amount: 7 }], 2, 200])
    assert.deepEqual(await kept('upd'), [
      { item: 'a', amount: 1, paid: true }, { item: 'b', amount: 7, paid: null }, { item: 'c', amount: 7, paid: null },
    ])
    const none = await orders().update({ amount: 9 }).eq('customer', 'nobody').select()
    assert.deepEqual([none.data, none.status], [[], 200])
    assert.deepEqual(ok(await orders().update({ amount: 9 }).eq('customer', 'nobody').select().maybeSingle()), null)
  })

  test('update: through a JSON path and an or', async () => {
    ok(await orders().insert([1, 2, 3].map((n) => ({ customer: 'json', item: `${n}`, extra: { n } }))))
    const changed = orders().update({ paid: false }).eq('customer', 'json').or('extra->n.eq.1,extra->>n.eq.3')
    assert.deepEqual(ok(await changed.select('item').order('item')), [{ item: '1' }, { item: '3' }])
  })

  test('single after a write: two rows are refused, and stay as they were', async () => {
    ok(await orders().insert(['a', 'b'].map((item) => ({ customer: 'undone', item }))))
    const error = denied(await orders().update({ amount: 5 }).eq('customer', 'undone').select().single(), 'PGRST116', 406)
    assert.equal(error.details, 'The result contains 2 rows')
    assert.deepEqual((await kept('undone')).map(({ amount }) => amount), [1, 1])
    denied(await orders().delete().eq('customer', 'undone').select().single(), 'PGRST116', 406)
    assert.equal((await kept('undone')).length, 2)
  })

  test('upsert: by the primary key', async () => {
    const first = await from('stock').upsert({ item: 'ink', amount: 3 }).select()
    assert.deepEqual([first.data, first.status], [[{ item: 'ink', amount: 3, shelf: 'A1' }], 201])
    const second = await from('stock').upsert({ item: 'ink', amount: 8 }).select()
    assert.deepEqual([second.data, second.status], [[{ item: 'ink', amount: 8, shelf: 'A1' }], 200])
    const rows = [{ item: 'ink', amount: 9 }, { item: 'nib', amount: 1 }]
    const both = await from('stock').upsert(rows, { count: 'exact' }).select('item, amount').order('item')
    assert.deepEqual([both.data, both.count, both.status], [rows, 2, 201])
  })

  test('upsert: by another key', async () => {
    ok(await orders().insert({ customer: 'conflict', item: 'x', amount: 1 }))
    denied(await orders().upsert({ customer: 'conflict', item: 'x', amount: 2 }), '23505', 409)
    const merged = await orders().upsert({ customer: 'conflict', item: 'x', amount: 2 }, { onConflict: 'customer,item' }).select('amount')
    assert.deepEqual([merged.data, merged.status], [[{ amount: 2 }], 200])
    assert.equal((await kept('conflict')).length, 1)
    denied(await orders().upsert({ customer: 'conflict' }, { onConflict: 'amount' }), '42P10', 400)
  })

  test('upsert: what is there stays', async () => {
    ok(await from('stock').insert({ item: 'rubber', amount: 1 }))
    const rows = [{ item: 'rubber', amount: 5 }, { item: 'ruler', amount: 6 }]
    const answer = await from('stock').upsert(rows, { ignoreDuplicates: true }).select('item, amount')
    assert.deepEqual([answer.data, answer.status], [[{ item: 'ruler', amount: 6 }], 201])
    assert.deepEqual(ok(await from('stock').select('amount').eq('item', 'rubber')), [{ amount: 1 }])
  })

  test('upsert: keys that a row lacks', async () => {
    const rows = [{ item: 'glue', amount: 1, shelf: 'C3' }, { item: 'tape', amount: 2 }]
    assert.deepEqual(ok(await from('stock').upsert(rows, { defaultToNull: false }).select('shelf')), [{ shelf: 'C3' }, { shelf: 'A1' }])
    assert.deepEqual(ok(await from('stock').upsert(rows).select('shelf').order('item')), [{ shelf: 'C3' }, { shelf: null }])
  })

  test('delete: quietly, with the rows, with a count', async () => {
    ok(await orders().insert(['a', 'b', 'c', 'd'].map((item) => ({ customer: 'del', item, country_id: 2 }))))
    const quiet = await orders().delete().eq('customer', 'del').eq('item', 'a')
    assert.deepEqual([quiet.data, quiet.status, quiet.count], [null, 204, null])
    const shown = await orders().delete({ count: 'exact' }).eq('customer', 'del').in('item', ['b', 'c'])
      .select('item, countries (name)').order('item')
    assert.deepEqual([shown.data, shown.count, shown.status], [
      [{ item: 'b', countries: { name: 'Brazil' } }, { item: 'c', countries: { name: 'Brazil' } }], 2, 200,
    ])
    assert.deepEqual((await kept('del')).map(({ item }) => item), ['d'])
    const counted = await orders().delete({ count: 'exact' }).eq('customer', 'del')
    assert.deepEqual([counted.data, counted.count, counted.status], [null, 1, 204])
  })

  test('a write to another schema, and through a view', async () => {
    const library = client(world.server).schema('library')
    assert.deepEqual(ok(await library.from('books').insert({ id: 10, title: 'Ada' }).select()), [{ id: 10, title: 'Ada', year: null }])
    assert.deepEqual(ok(await library.from('books').update({ year: 1969 }).eq('id', 10).select('year')), [{ year: 1969 }])
    assert.equal((await library.from('books').delete({ count: 'exact' }).eq('id', 10)).count, 1)
    const refused = denied(await from('european_cities').insert({ id: 77, name: 'Rome' }), '55000', 500)
    assert.equal(refused.message, 'cannot insert into view "european_cities"')
  })

  test('a generated column cannot be written', async () => {
    denied(await from('numbers').insert({ id: 5000, half: 1 }), '428C9', 400)
  })
}
