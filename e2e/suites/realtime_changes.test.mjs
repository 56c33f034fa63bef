// Changes of tables, frame by frame: what a subscription answers, which changes it is told, and as what (spec §7).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newUser, session } from '../kit/client.mjs'
import { Phoenix } from '../kit/phoenix.mjs'
import { generous, world } from '../kit/world.mjs'

const tables = `
  create type public.mood as enum ('calm', 'wild');
  create domain public.small as int check (value < 1000);
  create table public.plain (id int primary key, name text, qty int, at timestamptz);
  create table public.kinds (
    id int8 primary key, yes boolean, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, t text, v varchar(9), c char(3),
    b bytea, j json, jb jsonb, u uuid, d date, ti time, ts timestamp, tz timestamptz, iv interval, ints int[], texts text[],
    m public.mood, ms public.mood[], s public.small, ip inet, nothing text);
  create table public.whole (id int primary key, name text, big text);
  alter table public.whole replica identity full;
  create table public.toasted (id int primary key, n int, big text);
  alter table public.toasted alter big set storage external;
  create table public.keyless (name text);
  alter table public.keyless replica identity full;
  create table public.two (a int, b text, c text, primary key (b, a));
  create table public.hidden (id int primary key, open text, secret text);
  revoke select on public.hidden from anon, authenticated;
  grant select (id, open) on public.hidden to anon, authenticated;
  create table public.locked (id int primary key, name text);
  revoke select on public.locked from anon, authenticated;
  grant select (name) on public.locked to anon;
  create table public."Odd Name" ("the Id" int primary key, "a,b" text);
  create table public.unpublished (id int primary key);
  create schema extra;
  grant usage on schema extra to anon, authenticated;
  create table extra.plain (id int primary key, name text);
  grant select on extra.plain to anon, authenticated;
  create table public.parted (id int, at date, primary key (id, at)) partition by range (at);
  create table public.parted_1 partition of public.parted for values from ('2020-01-01') to ('2021-01-01');
  create table public.owned (id int primary key, owner uuid, name text);
  alter table public.owned enable row level security;
  alter table public.owned replica identity full;
  create policy "own" on public.owned for select to authenticated using (owner = (select auth.uid()));
  alter publication supabase_realtime add table public.plain, public.kinds, public.whole, public.toasted, public.keyless, public.two,
    public.hidden, public.locked, public."Odd Name", extra.plain, public.parted, public.owned;
`
const shared = world({ name: 'realtime-changes', config: generous, prepare: ({ database }) => database.rows(tables) })

const sql = (text, parameters) => shared.database.rows(text, parameters)
const wait = 'realtime_wait'
let topics = 0
let ids = 1000
const fresh = () => ++ids

for (const vsn of ['1.0.0', '2.0.0']) {
  const isOld = vsn === '1.0.0'
  const versioned = (name, run) => test(`${vsn}: ${name}`, run)

  /** A channel with these bindings whose subscription stands. */
  async function listen(bindings, { token, key } = {}) {
    const phoenix = await Phoenix.open(shared.server, { vsn, ...(key ? { key } : {}) })
    const topic = `realtime:${wait} ${++topics}`
    const joined = await phoenix.join(topic, { postgres_changes: bindings }, { token })
    assert.equal(joined.payload.status, 'ok')
    const system = await phoenix.see((frame) => frame.event === 'system')
    const name = topic.slice('realtime:'.length)
    assert.deepEqual(system.payload, { extension: 'postgres_changes', status: 'ok', message: 'Subscribed to PostgreSQL', channel: name })
    if (!isOld) assert.deepEqual([system.join_ref, system.ref], [joined.join_ref, null])
    const bound = joined.payload.response.postgres_changes.map(({ id }) => id)
    return {
      phoenix, topic, bound, joined,
      next: async () => {
        const frame = await phoenix.event(topic, 'postgres_changes')
        if (!isOld) assert.deepEqual([frame.join_ref, frame.ref], [null, null])
        assert.deepEqual(Object.keys(frame.payload).sort(), ['data', 'ids'])
        return frame.payload
      },
      data: async () => (await phoenix.event(topic, 'postgres_changes')).payload.data,
      close: () => phoenix.close(),
    }
  }

  /** What a channel with these bindings is told of why it does not stand. */
  async function refused(bindings, options = {}) {
    const phoenix = await Phoenix.open(shared.server, { vsn, ...options })
    const topic = `realtime:${wait} ${++topics}`
    const joined = await phoenix.join(topic, { postgres_changes: bindings })
    assert.equal(joined.payload.status, 'ok', 'the channel is joined in all cases')
    const { payload } = await phoenix.event(topic, 'system')
    assert.deepEqual([payload.extension, payload.status, payload.channel], ['postgres_changes', 'error', topic.slice(9)])
    // It stays joined.
    assert.equal((await phoenix.ask(topic, 'presence', { event: 'untrack' })).payload.status, 'ok')
    await phoenix.close()
    return payload.message
  }
  const on = (table, more) => ({ event: '*', schema: 'public', table, ...more })

  versioned('an insert, an update and a delete', async () => {
    const ear = await listen([on('plain')])
    const id = fresh()
    const before = Date.now()
    await sql(`insert into public.plain values (${id}, 'a', 1, null)`)
    const inserted = await ear.next()
    assert.deepEqual(inserted.ids, ear.bound)
    const { commit_timestamp: at, ...data } = inserted.data
    assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.ok(Math.abs(Date.parse(at) - before) < 60_000)
    const columns = [{ name: 'id', type: 'int4' }, { name: 'name', type: 'text' }, { name: 'qty', type: 'int4' }, { name: 'at', type: 'timestamptz' }]
    assert.deepEqual(data, { type: 'INSERT', schema: 'public', table: 'plain', columns, record: { id, name: 'a', qty: 1, at: null }, errors: null })
    await sql(`update public.plain set qty = 2 where id = ${id}`)
    const { commit_timestamp: _, ...updated } = await ear.data()
    assert.deepEqual(updated, {
      type: 'UPDATE', schema: 'public', table: 'plain', columns, record: { id, name: 'a', qty: 2, at: null }, old_record: { id }, errors: null,
    })
    await sql(`update public.plain set id = ${id + 500000} where id = ${id}`)
    const moved = await ear.data()
    assert.deepEqual([moved.record.id, moved.old_record], [id + 500000, { id }])
    await sql(`delete from public.plain where id = ${id + 500000}`)
    const { commit_timestamp: __, ...deleted } = await ear.data()
    assert.deepEqual(deleted, { type: 'DELETE', schema: 'public', table: 'plain', columns, old_record: { id: id + 500000 }, errors: null })
    await ear.close()
  })

  versioned('values of all kinds', async () => {
    const ear = await listen([on('kinds')])
    const id = fresh()
    await sql(`insert into public.kinds values (${id}, true, 2, 4, 9007199254740993, 1.5, 'NaN', 12345678901234567890.5, 'tä"xt', 'v', 'c',
      '\\x0102ff', '{"a": [1, null]}', '{"b": {"c": 2.50}}', '8b3ff40b-7a3d-4a0b-9a3b-0d4b2f6b1c11', '2024-05-06', '07:08:09.5',
      '2024-05-06 07:08:09', '2024-05-06 07:08:09.123456+02', '1 day 2 hours', '{1,null,3}', '{"a,b",null,"c\\"d"}', 'wild', '{calm,wild}', 7, '10.0.0.1/8', null)`)
    const frame = await ear.phoenix.event(ear.topic, 'postgres_changes')
    const { record, columns } = frame.payload.data
    const expected = {
      yes: true, i2: 2, i4: 4, f4: 1.5, f8: 'NaN', t: 'tä"xt', v: 'v', c: 'c  ', b: '0102ff', j: { a: [1, null] }, jb: { b: { c: 2.5 } },
      u: '8b3ff40b-7a3d-4a0b-9a3b-0d4b2f6b1c11', d: '2024-05-06', ti: '07:08:09.5', ts: '2024-05-06T07:08:09',
      tz: '2024-05-06T05:08:09.123456+00:00', iv: '1 day 02:00:00', ints: [1, null, 3], texts: ['a,b', null, 'c"d'], m: 'wild', ms: ['calm', 'wild'], s: 7,
      ip: '10.0.0.1/8', nothing: null,
    }
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(record[name], value, name)
    // Beyond what a double holds, digit by digit.
    assert.match(frame.raw, /"i8":9007199254740993[,}]/)
    assert.match(frame.raw, /"n":12345678901234567890\.5[,}]/)
    const types = Object.fromEntries(columns.map(({ name, type }) => [name, type]))
    const named = { id: 'int8', yes: 'bool', f8: 'float8', n: 'numeric', v: 'varchar', c: 'bpchar', tz: 'timestamptz', ints: '_int4', texts: '_text', m: 'mood', ms: '_mood', b: 'bytea' }
    for (const [name, type] of Object.entries(named)) assert.equal(types[name], type, name)
    await ear.close()
  })

  versioned('which operations, tables and schemas', async () => {
    const bindings = [
      { event: 'INSERT', schema: 'public', table: 'plain' }, { event: 'update', schema: 'public', table: 'plain' },
      { event: 'DELETE', schema: 'public', table: 'plain' }, { event: '*', schema: 'extra' }, { event: '*', schema: '*' },
      { event: 'whatever', schema: 'public', table: '*' }, { event: 'INSERT', table: 'plain' },
    ]
    const ear = await listen(bindings)
    const [insert, update, remove, extra, all, any, bare] = ear.bound
    const id = fresh()
    await sql(`insert into public.plain values (${id}); update public.plain set qty = 1 where id = ${id}; delete from public.plain where id = ${id};
      insert into extra.plain values (${id}); insert into public.two values (1, '${vsn}', 'x')`)
    const told = []
    for (let n = 0; n < 5; n++) told.push(await ear.next())
    const named = told.map(({ ids: fits, data }) => [data.type, data.schema, data.table, fits.sort((a, b) => a - b)])
    const sorted = (...list) => list.sort((a, b) => a - b)
    assert.deepEqual(named, [
      ['INSERT', 'public', 'plain', sorted(insert, all, any, bare)], ['UPDATE', 'public', 'plain', sorted(update, all, any)],
      ['DELETE', 'public', 'plain', sorted(remove, all, any)], ['INSERT', 'extra', 'plain', sorted(extra, all)], ['INSERT', 'public', 'two', sorted(all, any)],
    ], 'one frame for a channel and change, however many bindings fit')
    await ear.close()
  })

  versioned('equal bindings have one id', async () => {
    const ear = await listen([on('plain'), on('plain'), on('whole')])
    assert.equal(ear.bound[0], ear.bound[1])
    assert.notEqual(ear.bound[0], ear.bound[2])
    await ear.close()
  })

  versioned('a composite key, odd names, a partitioned table', async () => {
    const ear = await listen([on('two'), on('Odd Name', { filter: 'the Id=gt.0' }), on('parted_1')])
    const id = fresh()
    await sql(`insert into public.two values (${id}, 'k', 'c'); update public.two set c = 'd' where a = ${id} and b = 'k'`)
    assert.deepEqual((await ear.data()).record, { a: id, b: 'k', c: 'c' })
    assert.deepEqual((await ear.data()).old_record, { a: id, b: 'k' })
    await sql(`insert into public."Odd Name" values (${id}, 'x,"y')`)
    const odd = await ear.data()
    assert.deepEqual([odd.table, odd.record], ['Odd Name', { 'the Id': id, 'a,b': 'x,"y' }])
    await sql(`insert into public.parted values (${id}, '2020-06-01')`)
    const parted = await ear.data()
    assert.deepEqual([parted.table, parted.record], ['parted_1', { id, at: '2020-06-01' }], 'a partition, unless the publication says otherwise')
    await ear.close()
  })

  versioned('replica identity full, and values that are not sent again', async () => {
    const ear = await listen([on('whole'), on('toasted')])
    const id = fresh()
    const big = 'x'.repeat(20_000)
    await sql(`insert into public.whole values (${id}, 'a', $1)`, [big])
    assert.equal((await ear.data()).record.big, big)
    await sql(`update public.whole set name = 'b' where id = ${id}`)
    const whole = await ear.data()
    assert.deepEqual([whole.record.name, whole.record.big, whole.old_record.name, whole.old_record.big], ['b', big, 'a', big])
    await sql(`delete from public.whole where id = ${id}`)
    assert.equal((await ear.data()).old_record.name, 'b', 'without policies a delete shows what the identity has')
    await sql(`insert into public.toasted values (${id}, 1, $1)`, [big])
    await ear.data()
    await sql(`update public.toasted set n = 2 where id = ${id}`)
    const toasted = await ear.data()
    assert.deepEqual(toasted.record, { id, n: 2 }, 'what did not change and is stored apart is missing, not null')
    assert.ok(toasted.columns.some(({ name }) => name === 'big'))
    await ear.close()
  })

  versioned('a table without a key', async () => {
    const ear = await listen([on('keyless')])
    await sql(`insert into public.keyless values ('${vsn}')`)
    const { data } = await ear.next()
    assert.deepEqual(data.errors, ['Error 400: Bad Request, no primary key'])
    assert.deepEqual([data.type, data.table, data.columns, data.record, data.commit_timestamp], ['INSERT', 'keyless', [], {}, null])
    await sql(`delete from public.keyless where name = '${vsn}'`)
    const removed = await ear.data()
    assert.deepEqual([removed.errors, removed.old_record], [null, { name: vsn }])
    await ear.close()
  })

  versioned('columns that the role may not read', async () => {
    const [ear, blind, trusted] = [await listen([on('hidden')]), await listen([on('locked')]), await listen([on('hidden')], { key: shared.server.serviceKey })]
    const id = fresh()
    await sql(`insert into public.hidden values (${id}, 'o', 's')`)
    const { record, columns } = await ear.data()
    assert.deepEqual([record, columns.map(({ name }) => name)], [{ id, open: 'o' }, ['id', 'open']])
    assert.deepEqual((await trusted.data()).record, { id, open: 'o', secret: 's' })
    await sql(`insert into public.locked values (${id}, 'n')`)
    const { errors, record: nothing } = await blind.data()
    assert.deepEqual([errors, nothing], [['Error 401: Unauthorized'], {}])
    await Promise.all([ear, blind, trusted].map((one) => one.close()))
  })

  versioned('a change that is too large', async () => {
    const ear = await listen([on('whole')])
    const id = fresh()
    await sql(`insert into public.whole values (${id}, 'small', repeat('y', 1200000))`)
    const data = await ear.data()
    assert.deepEqual([data.errors, data.record], [['Error 413: Payload Too Large'], { id, name: 'small' }])
    assert.equal(data.columns.length, 3)
    await ear.close()
  })

  versioned('select', async () => {
    const ear = await listen([on('plain', { select: ['name'] }), on('hidden', { select: ['open', 7] })])
    const id = fresh()
    await sql(`insert into public.plain values (${id}, 'a', 1); insert into public.hidden values (${id}, 'o', 's')`)
    const data = await ear.data()
    assert.deepEqual([data.record, data.columns.map(({ name }) => name)], [{ id, name: 'a' }, ['id', 'name']])
    assert.deepEqual((await ear.data()).record, { id, open: 'o' })
    await ear.close()
    assert.match(await refused([on('hidden', { select: ['secret'] })]), /invalid column for select secret/)
    assert.match(await refused([on('plain', { select: 'name' })]), /^Error parsing `select` params: /)
    assert.equal(
      await refused([{ event: '*', schema: 'public', select: ['name'] }]),
      'Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.')
  })

  versioned('filters', async () => {
    const rows = [[1, 'apple', 10], [2, 'Banana', 20], [3, null, null], [4, 'cherry, pie', 40]]
    const cases = [
      ['qty=eq.20', [2]], ['qty=neq.20', [1, 4]], ['qty=lt.20', [1]], ['qty=lte.20', [1, 2]], ['qty=gt.20', [4]], ['qty=gte.20', [2, 4]],
      ['qty=in.(10,40)', [1, 4]], ['name=in.("cherry, pie",apple)', [1, 4]], ['name=like.%an%', [2]], ['name=ilike.b%', [2]],
      ['name=match.^[a-c]', [1, 4]], ['name=imatch.^b', [2]], ['name=is.null', [3]], ['name=not.is.null', [1, 2, 4]],
      ['qty=isdistinct.10', [2, 3, 4]], ['qty=not.eq.10', [2, 4]], ['qty=not.in.(10,20)', [4]], ['qty=gt.5,name=like.a%', [1]],
      ['name=eq."cherry, pie"', [4]], ['', [1, 2, 3, 4]], [' qty=eq.10 ', [1]], ['qty=gt.1e1', undefined], ['name=not.like.a%', [2, 4]], ['name=gt.bz', [4]], ['name=not.match.an', [1, 4]], ['qty=gt.5,name=imatch.AN|PP', [1, 2]],
    ]
    for (const [filter, expected] of cases) {
      if (expected === undefined) {
        assert.match(await refused([on('plain', { filter })]), /invalid input syntax/, filter)
        continue
      }
      const ear = await listen([on('plain', { filter, event: 'INSERT' }), { event: 'INSERT', schema: 'extra', table: 'plain' }])
      const base = fresh() * 1000
      await sql(rows.map(([id, name, qty]) => `insert into public.plain values (${base + id}, ${name ? `'${name}'` : 'null'}, ${qty ?? 'null'})`).join(';')
        + `; insert into extra.plain values (${base}, 'end')`)
      const told = []
      for (;;) {
        const data = await ear.data()
        if (data.schema === 'extra') break
        told.push(data.record.id - base)
      }
      assert.deepEqual(told, expected, filter)
      await ear.close()
    }
  })

  versioned('filters look at the new row, and for deletes at the identity', async () => {
    const ear = await listen([on('plain', { filter: 'qty=eq.5' }), on('plain', { filter: 'id=gt.0' })])
    const [byQuantity, byId] = ear.bound
    const id = fresh()
    await sql(`insert into public.plain values (${id}, 'a', 5); update public.plain set qty = 6 where id = ${id};
      update public.plain set qty = 5 where id = ${id}; delete from public.plain where id = ${id}`)
    const told = []
    for (let n = 0; n < 4; n++) {
      const { ids: fits, data } = await ear.next()
      told.push([data.type, fits.includes(byQuantity), fits.includes(byId)])
    }
    assert.deepEqual(told, [['INSERT', true, true], ['UPDATE', false, true], ['UPDATE', true, true], ['DELETE', false, true]])
    await ear.close()
  })

  versioned('subscriptions that cannot be', async () => {
    const given = 'Unable to subscribe to changes with given parameters.'
    assert.equal(
      await refused([on('unpublished')]),
      `${given} Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: unpublished, filters: [], select: nil]`)
    assert.match(await refused([on('PLAIN')]), /Please check Realtime is enabled/)
    assert.match(await refused([on('pl%')]), /Please check Realtime is enabled/)
    assert.match(await refused([{ event: '*' }]), /^No subscription params provided\. Please provide at least a `schema` or `table` to subscribe to: /)
    assert.match(await refused([{ event: '*', schema: 'public', filter: 'id=eq.1' }]), /^(No subscription params provided|Error parsing `filter` params)/)
    const filters = [
      ['nothing=eq.1', /invalid column for filter nothing/], ['qty=eq.many', /invalid input syntax for type integer/], ['qty', /^Error parsing `filter` params: /],
      ['qty=almost.1', /^Error parsing `filter` params: /], ['qty=eq.1,', /^Error parsing `filter` params: /], ['qty=in.1', /the value of `in` must be of the form/],
      [`qty=in.(${Array.from({ length: 101 }, (_, n) => n)})`, /too many values for `in` filter\. Maximum 100/], ['qty=is.true', /Exception: /],
      ['qty=like.1%', /Exception: /], ['name=match.(', /Exception: /], ['secret=eq.1', /invalid column for filter secret/],
    ]
    for (const [filter, message] of filters) assert.match(await refused([on('plain', { filter })]), message, filter)
    assert.match(await refused([on('hidden', { filter: 'secret=eq.s' })]), /invalid column for filter secret/)
    // All bindings succeed or none.
    const phoenix = await Phoenix.open(shared.server, { vsn })
    const topic = `realtime:${wait} ${++topics}`
    await phoenix.join(topic, { postgres_changes: [on('plain'), on('unpublished')] })
    assert.equal((await phoenix.event(topic, 'system')).payload.status, 'error')
    await sql(`insert into public.plain values (${fresh()})`)
    await phoenix.settled()
    assert.equal(phoenix.count('postgres_changes'), 0)
    await phoenix.close()
  })

  versioned('policies', async () => {
    const [ann, bob] = [await newUser(shared.server), await newUser(shared.server)]
    const token = async ({ supabase }) => (await session(supabase)).access_token
    const mine = await listen([on('owned')], { token: await token(ann) })
    const his = await listen([on('owned')], { token: await token(bob) })
    const trusted = await listen([on('owned')], { key: shared.server.serviceKey })
    const anonymous = await listen([on('owned')])
    const id = fresh()
    await sql(`insert into public.owned values (${id}, '${ann.id}', 'a'), (${id + 1000}, '${bob.id}', 'b')`)
    assert.equal((await mine.data()).record.id, id)
    assert.equal((await his.data()).record.id, id + 1000)
    assert.deepEqual([(await trusted.data()).record.id, (await trusted.data()).record.id], [id, id + 1000])
    await sql(`update public.owned set owner = '${bob.id}' where id = ${id}`)
    const given = await his.data()
    assert.deepEqual([given.type, given.record.id, given.old_record.owner], ['UPDATE', id, ann.id], 'the old row is shown without a check')
    await sql(`delete from public.owned where id = ${id}`)
    for (const one of [mine, his, trusted, anonymous]) {
      let data = await one.data()
      while (data.type !== 'DELETE') data = await one.data()
      assert.deepEqual(data.old_record, { id }, 'with policies a delete shows the key only')
      assert.equal(one.phoenix.count('postgres_changes'), 0)
    }
    await Promise.all([mine, his, trusted, anonymous].map((one) => one.close()))
  })

  versioned('another token is heard by another pair of eyes', async () => {
    const ann = await newUser(shared.server)
    const ear = await listen([on('owned')])
    ear.phoenix.push(ear.topic, 'access_token', { access_token: (await session(ann.supabase)).access_token })
    assert.equal((await ear.phoenix.event(ear.topic, 'system')).payload.message, 'Subscribed to PostgreSQL')
    const id = fresh()
    await sql(`insert into public.owned values (${id}, '${ann.id}', 'a')`)
    assert.equal((await ear.data()).record.id, id)
    await ear.close()
  })

  versioned('a transaction is told in its order, a rolled back one not at all, a truncate never', async () => {
    const ear = await listen([on('plain')])
    const base = fresh() * 1000
    await sql(`begin; insert into public.plain values (${base}); rollback`)
    await sql('truncate public.plain')
    await sql(`insert into public.plain select n from generate_series(${base + 1}, ${base + 500}) as n`)
    for (let n = 1; n <= 500; n++) assert.equal((await ear.data()).record.id, base + n)
    await ear.close()
  })

  versioned('a table that changes, and one that joins and leaves the publication', async () => {
    await sql(`drop table if exists public.growing; create table public.growing (id int primary key); alter publication supabase_realtime add table public.growing`)
    const [ear, all] = [await listen([on('growing')]), await listen([{ event: '*', schema: 'public' }])]
    await sql(`insert into public.growing values (1); alter table public.growing add column note text default 'n'; insert into public.growing values (2)`)
    assert.deepEqual((await ear.data()).record, { id: 1 })
    assert.deepEqual((await ear.data()).record, { id: 2, note: 'n' })
    await sql(`alter table public.growing rename column note to remark; alter table public.growing alter id type int8; insert into public.growing values (3, 'r')`)
    const renamed = await ear.data()
    assert.deepEqual([renamed.record, renamed.columns[0].type], [{ id: 3, remark: 'r' }, 'int8'])
    await sql('alter table public.growing drop column remark; insert into public.growing values (4)')
    assert.deepEqual((await ear.data()).record, { id: 4 })
    // A wildcard hears tables that come later.
    await sql(`drop table if exists public.later; create table public.later (id int primary key); alter publication supabase_realtime add table public.later; insert into public.later values (9)`)
    let data = await all.data()
    while (data.table !== 'later') data = await all.data()
    assert.deepEqual(data.record, { id: 9 })
    await sql(`alter publication supabase_realtime drop table public.growing; insert into public.growing values (5); insert into public.later values (10)`)
    assert.equal((await all.data()).record.id, 10)
    await ear.phoenix.settled()
    assert.equal(ear.phoenix.count('postgres_changes'), 0)
    await Promise.all([ear.close(), all.close()])
  })

  versioned('who leaves hears nothing more', async () => {
    const ear = await listen([on('plain')])
    await ear.phoenix.ask(ear.topic, 'phx_leave', {}, { join_ref: ear.phoenix.joinRefs[ear.topic] })
    await sql(`insert into public.plain values (${fresh()})`)
    const other = await listen([on('plain')])
    await sql(`insert into public.plain values (${fresh()})`)
    await other.data()
    await ear.phoenix.settled()
    assert.equal(ear.phoenix.count('postgres_changes'), 0)
    await Promise.all([ear.close(), other.close()])
  })
}
