// What SQL changes, the data API serves within a second, without any manual step.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, client } from '../../kit/client.mjs'
import { within } from '../../kit/database.mjs'

export default function (world) {
  const supabase = () => client(world.server)
  const run = (sql) => world.database.rows(sql)

  test('tables, columns, keys, views and functions come', async () => {
    await run('create table shelves (id int primary key, label text)')
    await run("insert into shelves values (1, 'top')")
    await seen(() => supabase().from('shelves').select(), [{ id: 1, label: 'top' }])

    await run("alter table shelves add column height int not null default 40")
    await seen(() => supabase().from('shelves').update({ height: 50 }).eq('id', 1).select(), [{ id: 1, label: 'top', height: 50 }])

    await run('create table jars (id int primary key, shelf_id int references shelves)')
    await run('insert into jars values (1, 1)')
    await seen(() => supabase().from('jars').select('id, shelves (label)'), [{ id: 1, shelves: { label: 'top' } }])

    await run('create view tall_shelves as select * from shelves where height > 45')
    await seen(() => supabase().from('tall_shelves').select('label'), [{ label: 'top' }])

    await run('create function shelf_count() returns bigint language sql stable as $$ select count(*) from shelves $$')
    await seen(() => supabase().rpc('shelf_count'), 1)
  })

  test('what is renamed or replaced has its new shape', async () => {
    await run('create table crates (id int primary key, size int)')
    await run('insert into crates values (1, 3)')
    await seen(() => supabase().from('crates').select(), [{ id: 1, size: 3 }])
    await run('alter table crates rename column size to litres')
    await seen(() => supabase().from('crates').update({ litres: 4 }).eq('id', 1).select(), [{ id: 1, litres: 4 }])
    await run('create function volume(n int) returns int language sql as $$ select n $$')
    await seen(() => supabase().rpc('volume', { n: 2 }), 2)
    await run('drop function volume(int)')
    await run("create function volume(n int, unit text default 'l') returns text language sql as $$ select n || unit $$")
    await seen(() => supabase().rpc('volume', { n: 2 }), '2l')
  })

  test('nobody meets an error while a table changes its shape', async () => {
    await run('create table moving (id int primary key, size int)')
    await run('insert into moving values (1, 3)')
    const ask = () => supabase().from('moving').select().eq('id', 1)
    await seen(ask, [{ id: 1, size: 3 }])
    // Every connection has the statement prepared.
    const many = () => Promise.all(Array.from({ length: 40 }, ask))
    await many()
    const changes = [
      ['alter column size type text', '3'], ["add column more text default 'm'", '3'], ['alter column size type bigint using 4', 4],
    ]
    for (const [change, size] of changes) {
      await run(`alter table moving ${change}`)
      for (const { data, error } of await many()) assert.deepEqual([error, data[0].size], [null, size])
    }
    await run('alter table moving drop column more')
    for (const { data } of await many()) assert.deepEqual(data, [{ id: 1, size: 4 }])
  })

  test('values of an enum, and a comment', async () => {
    await run("create type size as enum ('small')")
    await run('create table shirts (id int primary key, size size)')
    await seen(() => supabase().from('shirts').select(), [])
    await run("alter type size add value 'large'")
    await seen(() => supabase().from('shirts').insert({ id: 1, size: 'large' }).select(), [{ id: 1, size: 'large' }])
    await run("comment on table shirts is 'What is worn'")
    const summary = ({ data }) => data.paths['/shirts']?.get.summary
    const answer = await within(() => admin(world.server).getOpenApiSpec(), (answer) => summary(answer) === 'What is worn')
    assert.equal(summary(answer), 'What is worn')
    assert.deepEqual(answer.data.definitions.shirts.properties.size.enum, ['small', 'large'])
  })

  test('what is dropped is gone', async () => {
    await run('create table passing (id int primary key)')
    await run('create function passing_by() returns int language sql as $$ select 1 $$')
    await seen(() => supabase().from('passing').select(), [])
    await seen(() => supabase().rpc('passing_by'), 1)
    await run('drop table passing')
    await run('drop function passing_by()')
    await refusedWith(() => supabase().from('passing').select(), 'PGRST205')
    await refusedWith(() => supabase().rpc('passing_by'), 'PGRST202')
  })

  test('a migration in one transaction is seen as a whole', async () => {
    await world.database.runFile(new URL('./migration.sql', import.meta.url))
    const box = () => supabase().from('boxes').insert({ id: 2, lid_id: 1 }).select('id, lids (colour)')
    await seen(box, [{ id: 2, lids: { colour: 'red' } }])
  })

  test('a grant that is taken away counts at once', async () => {
    await run('create table lent (id int primary key)')
    await seen(() => supabase().from('lent').select(), [])
    await run('revoke all on lent from anon')
    assert.equal((await supabase().from('lent').select()).error?.code, '42501')
  })

  /** Asks for at most a second until this is the answer. */
  async function seen(ask, expected) {
    const answer = await within(ask, ({ data, error }) => error === null && JSON.stringify(data) === JSON.stringify(expected))
    assert.deepEqual([answer.data, answer.error], [expected, null])
  }

  async function refusedWith(ask, code) {
    assert.equal((await within(ask, ({ error }) => error?.code === code)).error?.code, code)
  }
}
