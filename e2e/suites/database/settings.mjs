// What an operator may switch on (PGRST_* variables) and set in config.toml.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, client, ok } from '../../kit/client.mjs'
import { denied, within } from '../../kit/database.mjs'

export default function (world) {
  const from = (relation) => client(world.server).from(relation)

  test('explain as text', async () => {
    const plan = ok(await from('cities').select().eq('id', 1).explain())
    assert.match(plan, /^Aggregate +\(cost=.*rows=1.*\)/)
    assert.match(plan, /Index Scan using cities_pkey on cities/)
    assert.doesNotMatch(plan, /actual time/)
  })

  test('explain as JSON', async () => {
    const [{ Plan: plan }] = ok(await from('cities').select().explain({ format: 'json' }))
    assert.equal(plan['Node Type'], 'Aggregate')
    assert.ok(plan['Total Cost'] > 0)
    assert.equal(plan['Actual Rows'], undefined)
  })

  test('explain with everything that can be asked for', async () => {
    const all = { analyze: true, verbose: true, settings: true, buffers: true, wal: true }
    const [analyzed] = ok(await from('cities').select().explain({ ...all, format: 'json' }))
    assert.equal(analyzed.Plan['Actual Rows'], 1)
    assert.ok(Array.isArray(analyzed.Plan.Output), 'verbose')
    assert.equal(typeof analyzed.Plan['Shared Hit Blocks'], 'number', 'buffers')
    assert.equal(typeof analyzed.Plan['WAL Records'], 'number', 'wal')
    assert.ok(analyzed.Settings.search_path.includes('public'), 'settings')
    assert.equal(typeof analyzed['Execution Time'], 'number')
    const text = ok(await from('cities').select().explain({ ...all, format: 'text' }))
    const parts = [/actual time=/, /Output: /, /Buffers: shared/, /Settings: .*search_path/, /Execution Time: /]
    parts.forEach((part) => assert.match(text, part))
  })

  test('explain of writes and functions', async () => {
    const plan = ok(await from('stock').insert({ item: 'explained', amount: 1 }).select().explain())
    assert.match(plan, /Insert on stock/)
    assert.deepEqual(ok(await from('stock').select().eq('item', 'explained')), [])
    assert.match(ok(await client(world.server).rpc('ranking').explain()), /^(Aggregate|Limit)/)
    assert.match(ok(await from('cities').select().csv().explain()), /Aggregate/)
  })

  test('rollback: the answer is as if it were done', async () => {
    const rows = ok(await from('stock').insert({ item: 'gone', amount: 4 }).select().rollback())
    assert.deepEqual(rows, [{ item: 'gone', amount: 4, shelf: 'A1' }])
    assert.deepEqual(await world.database.rows("select * from stock where item = 'gone'"), [])
    ok(await from('stock').insert({ item: 'kept', amount: 4 }))
    assert.deepEqual(ok(await from('stock').update({ amount: 5 }).eq('item', 'kept').select('amount').rollback()), [{ amount: 5 }])
    assert.deepEqual(ok(await from('stock').delete().eq('item', 'kept').select('amount').rollback()), [{ amount: 4 }])
    const restocked = client(world.server).rpc('restock', { wanted: 'kept', plus: 3 }).select('amount')
    assert.deepEqual(ok(await restocked.rollback()), [{ amount: 7 }])
    assert.deepEqual(await world.database.rows("select amount from stock where item = 'kept'"), [{ amount: 4 }])
  })

  test('aggregates', async () => {
    assert.deepEqual(ok(await from('countries').select('continent, area.sum(), n:count()').order('continent')), [
      { continent: 'Europe', sum: 128402.9, n: 3 }, { continent: 'South America', sum: 9271869.45, n: 2 },
    ])
    assert.deepEqual(ok(await from('cities').select('population.max(), population.min(), mean:population.avg()::int')),
      [{ max: 12325232, min: 0, mean: 3595599 }])
    assert.deepEqual(ok(await from('orchestral_sections').select('name, instruments (count(), price.max())').order('id').limit(2)), [
      { name: 'strings', instruments: [{ count: 2, max: 2400 }] }, { name: 'woodwinds', instruments: [{ count: 2, max: 700 }] },
    ])
  })

  test('max_rows caps rows, embeds and functions, and no writes', async () => {
    assert.deepEqual(ok(await from('cities').select('id').order('id')), [{ id: 1 }, { id: 2 }, { id: 3 }])
    assert.equal(ok(await from('cities').select('id').limit(5)).length, 3)
    assert.equal(ok(await admin(world.server).from('numbers').select('id').range(10, 100)).length, 3)
    const counted = await from('cities').select('id', { count: 'exact' })
    assert.deepEqual([counted.data.length, counted.count, counted.status], [3, 6, 206])
    assert.equal(ok(await client(world.server).rpc('squares', { up_to: 9 })).length, 3)
    const users = ok(await from('users').select('messages!messages_sender (id)').eq('id', 1).single())
    assert.equal(users.messages.length, 2)
    ok(await from('messages').insert([5, 6, 7].map((id) => ({ id, body: 'more', sender_id: 1, receiver_id: 2 }))))
    assert.equal(ok(await from('users').select('messages!messages_sender (id)').eq('id', 1).single()).messages.length, 3)
    assert.equal(ok(await from('stock').insert(['1', '2', '3', '4'].map((item) => ({ item, amount: 1 }))).select()).length, 4)
    denied(await from('cities').select('id', { count: 'exact' }).range(9, 10), 'PGRST103', 416)
  })

  test('settings of the login in the database win, within a second', async () => {
    const counted = () => from('cities').select('count()')
    const explained = () => from('cities').select().explain()
    const alter = (sql) => world.database.rows(`alter role authenticator ${sql}; notify pgrst, 'reload config'`)
    ok(await counted())
    ok(await explained())
    await alter("set pgrst.db_aggregates_enabled = 'false'; alter role authenticator set pgrst.db_plan_enabled = 'off'")
    denied(await within(counted, ({ error }) => error !== null), 'PGRST123', 400)
    denied(await explained(), 'PGRST107', 406)
    await alter("in database postgres set pgrst.db_aggregates_enabled = 'true'")
    assert.deepEqual(ok(await within(counted, ({ error }) => error === null)), [{ count: 6 }])
    await alter(`in database postgres reset pgrst.db_aggregates_enabled;
      alter role authenticator reset pgrst.db_aggregates_enabled; alter role authenticator reset pgrst.db_plan_enabled`)
    ok(await within(explained, ({ error }) => error === null))
    ok(await counted())

    await alter("set pgrst.db_max_rows = '1'")
    const one = await within(() => from('cities').select('id'), ({ data }) => data?.length === 1)
    assert.equal(ok(one).length, 1)
    // A value that cannot be used changes nothing.
    await alter("set pgrst.db_max_rows = 'many'; create table public.settled (id int primary key)")
    ok(await within(() => from('settled').select(), ({ error }) => error === null))
    assert.equal(ok(await from('cities').select('id')).length, 1)
    assert.match(world.server.log(), /pgrst\.db_max_rows is "many"/)
    await alter('reset pgrst.db_max_rows; drop table public.settled')
    assert.equal(ok(await within(() => from('cities').select('id'), ({ data }) => data?.length === 3)).length, 3)
  })
}
