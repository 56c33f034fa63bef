// Errors with the code, the status and the words that applications know.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, client } from '../../kit/client.mjs'
import { denied, within } from '../../kit/database.mjs'

export default function (world) {
  const from = (relation) => client(world.server).from(relation)

  test('update and delete without a filter', async () => {
    const updated = denied(await from('stock').update({ amount: 0 }), '21000', 400)
    assert.equal(updated.message, 'UPDATE requires a WHERE clause')
    const deleted = denied(await admin(world.server).from('stock').delete(), '21000', 400)
    assert.equal(deleted.message, 'DELETE requires a WHERE clause')
  })

  test('an unknown table, with what is like it', async () => {
    const error = denied(await from('citties').select(), 'PGRST205', 404)
    assert.deepEqual({ ...error }, {
      code: 'PGRST205',
      details: null,
      hint: "Perhaps you meant the table 'public.cities'",
      message: "Could not find the table 'public.citties' in the schema cache",
    })
    assert.equal(denied(await from('xyz').insert({ a: 1 }), 'PGRST205', 404).hint, null)
    denied(await from('things').select(), 'PGRST205', 404)
  })

  test('an unknown schema', async () => {
    const error = denied(await client(world.server).schema('hidden').from('things').select(), 'PGRST106', 406)
    assert.equal(error.message, 'Invalid schema: hidden')
    assert.equal(error.hint, 'Only the following schemas are exposed: public, library, graphql_public')
  })

  test('unknown columns: read, written, sorted by', async () => {
    assert.equal(denied(await from('cities').select('name, mayor'), '42703', 400).message, 'column cities.mayor does not exist')
    denied(await from('cities').select().eq('mayor', 'x'), '42703', 400)
    denied(await from('cities').select().order('mayor'), '42703', 400)
    for (const write of [from('stock').insert({ item: 'x', colour: 1 }), from('stock').insert([{ item: 'x', colour: 1 }]),
      from('stock').update({ colour: 1 }).eq('item', 'x')]) {
      assert.equal(denied(await write, 'PGRST204', 400).message, "Could not find the 'colour' column of 'stock' in the schema cache")
    }
  })

  test('a refusal without a body', async () => {
    const answer = await from('cities').select('*', { head: true, count: 'exact' }).eq('mayor', 'x')
    assert.deepEqual([answer.status, answer.data, answer.count, answer.error], [400, null, null, { message: '' }])
  })

  test('constraints: unique, foreign key, not null, check', async () => {
    const twice = denied(await from('countries').insert({ id: 1, name: 'x', continent: 'x', area: 1 }), '23505', 409)
    assert.equal(twice.details, 'Key (id)=(1) already exists.')
    const dangling = denied(await from('cities').insert({ id: 70, name: 'x', population: 1, country_id: 99 }), '23503', 409)
    assert.equal(dangling.details, 'Key (country_id)=(99) is not present in table "countries".')
    denied(await from('countries').delete().eq('id', 1), '23503', 409)
    assert.match(denied(await from('orders').insert({ customer: null }), '23502', 400).message, /null value in column "customer"/)
    assert.match(denied(await from('orders').insert({ customer: 'x', amount: 0 }), '23514', 400).message, /orders_amount_check/)
  })

  test('values that are none of their type', async () => {
    const word = denied(await from('cities').select().eq('id', 'one'), '22P02', 400)
    assert.equal(word.message, 'invalid input syntax for type integer: "one"')
    denied(await from('orders').insert({ customer: 'x', amount: 'many' }), '22P02', 400)
    denied(await from('cities').select().gt('founded', 'yesterdayish'), '22007', 400)
    denied(await from('cities').select().eq('id', 99999999999), '22003', 400)
    denied(await from('cities').select('name::nonsense'), '42704', 400)
    denied(await from('cities').select().regexMatch('name', '('), '2201B', 400)
  })

  test('what functions raise', async () => {
    const raise = (code) => client(world.server).rpc('stop_with', { code, message: 'the message' })
    const raised = async (code, expected) => denied(await raise(code), code, expected)
    assert.deepEqual({ ...(await raised('P0001', 400)) },
      { code: 'P0001', message: 'the message', details: 'the detail', hint: 'the hint' })
    await raised('PT402', 402)
    assert.equal((await raise('PT418')).statusText, 'the message')
    await raised('P0002', 500)
    await raised('23505', 409)
    await raised('42501', 401)
  })

  test('what functions raise in full', async () => {
    await world.database.rows(`create function teapot() returns void language plpgsql as $$
      begin
        raise sqlstate 'PGRST' using message = '{"code":"TEA","message":"short","details":"and","hint":"stout"}',
          detail = '{"status":418,"headers":{"X-Handle":"here"}}';
      end $$`)
    const seen = []
    const listening = async (...given) => {
      const answer = await fetch(...given)
      seen.push(answer.headers.get('x-handle'))
      return answer
    }
    const supabase = client(world.server, { global: { fetch: listening } })
    const answer = await within(() => supabase.rpc('teapot'), isServed)
    assert.deepEqual({ ...denied(answer, 'TEA', 418) }, { code: 'TEA', message: 'short', details: 'and', hint: 'stout' })
    assert.equal(seen.at(-1), 'here')
  })

  test('a query that takes too long for anon', async () => {
    await world.database.rows("create function doze() returns void language sql set statement_timeout = '50ms' as $$ select pg_sleep(2) $$")
    const answer = await within(() => client(world.server).rpc('doze'), isServed)
    assert.match(denied(answer, '57014', 500).message, /statement timeout/)
  })

  test('max_rows: no answer is longer than a thousand rows', async () => {
    const { data, status } = await from('numbers').select('id').order('id')
    assert.deepEqual([data.length, data.at(-1), status], [1000, { id: 1000 }, 200])
    const counted = await from('numbers').select('id', { count: 'exact' }).limit(5000)
    assert.deepEqual([counted.data.length, counted.count, counted.status], [1000, 1200, 206])
  })
}

const isServed = ({ error }) => error?.code !== 'PGRST202'
