import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, ok } from '../../kit/client.mjs'
import { denied } from '../../kit/database.mjs'

export default function (world) {
  const from = (relation) => client(world.server).from(relation)

  test('to-many', async () => {
    const sections = from('orchestral_sections').select('name, instruments (name)').order('id')
    assert.deepEqual(ok(await sections.order('name', { referencedTable: 'instruments' })), [
      { name: 'strings', instruments: [{ name: 'cello' }, { name: 'violin' }] },
      { name: 'woodwinds', instruments: [{ name: 'flute' }, { name: 'oboe' }] },
      { name: 'percussion', instruments: [] },
    ])
  })

  test('to-one, which may be missing, and under another name', async () => {
    assert.deepEqual(ok(await from('cities').select('name, country:countries (name, code)').in('id', [1, 6]).order('id')), [
      { name: 'Vienna', country: { name: 'Austria', code: 'AT' } },
      { name: 'Atlantis', country: null },
    ])
  })

  test('one-to-one, from both sides', async () => {
    assert.deepEqual(ok(await from('instruments').select('name, scores (title)').lte('id', 2).order('id')), [
      { name: 'violin', scores: { title: 'Caprice no. 24' } },
      { name: 'cello', scores: null },
    ])
    assert.deepEqual(ok(await from('scores').select('instruments (name)')), [{ instruments: { name: 'violin' } }])
  })

  test('many-to-many, and the columns of the join table', async () => {
    assert.deepEqual(ok(await from('teams').select('name, users (username)').order('id').order('username', { referencedTable: 'users' })), [
      { name: 'red', users: [{ username: 'ada' }, { username: 'bob' }] },
      { name: 'green', users: [{ username: 'ada' }, { username: 'cyd' }, { username: 'dan' }] },
      { name: 'blue', users: [] },
    ])
    assert.deepEqual(ok(await from('users').select('teams!members (name)').eq('id', 3)), [{ teams: [{ name: 'green' }] }])
    const joined = from('teams').select('members (since, users (username))').eq('id', 1)
    assert.deepEqual(ok(await joined.order('since', { referencedTable: 'members' })), [
      { members: [{ since: '2020-01-01', users: { username: 'ada' } }, { since: '2020-02-01', users: { username: 'bob' } }] },
    ])
  })

  test('two foreign keys to one table: by constraint, by column, and the refusal without', async () => {
    const both = 'body, from:users!messages_sender (username), to:users!receiver_id (username)'
    assert.deepEqual(ok(await from('messages').select(both).eq('id', 3)), [
      { body: 'news?', from: { username: 'cyd' }, to: { username: 'ada' } },
    ])
    assert.deepEqual(ok(await from('messages').select('sender:sender_id (username)').eq('id', 3)), [{ sender: { username: 'cyd' } }])
    const ambiguous = denied(await from('messages').select('body, users (username)'), 'PGRST201', 300)
    assert.deepEqual(ambiguous.details.map(({ relationship }) => relationship), [
      'messages_receiver using messages(receiver_id) and users(id)',
      'messages_sender using messages(sender_id) and users(id)',
    ])
    assert.match(ambiguous.hint, /'users!messages_receiver', 'users!messages_sender'/)
  })

  test('a table that refers to itself', async () => {
    const select = 'username, manager:manager_id (username), reports:users!manager_id (username)'
    assert.deepEqual(ok(await from('users').select(select).eq('id', 2)), [
      { username: 'bob', manager: { username: 'ada' }, reports: [{ username: 'dan' }] },
    ])
  })

  test('several levels', async () => {
    const select = 'username, members (teams (name, members (users (username))))'
    assert.deepEqual(ok(await from('users').select(select).eq('id', 2)), [
      { username: 'bob', members: [{ teams: { name: 'red', members: [{ users: { username: 'ada' } }, { users: { username: 'bob' } }] } }] },
    ])
  })

  test('a filter in an embed leaves the parents; !inner drops those without', async () => {
    const names = async (embed) => ok(await from('orchestral_sections').select(`name, instruments${embed} (name)`)
      .eq('instruments.name', 'flute').order('id'))
    assert.deepEqual(await names(''), [
      { name: 'strings', instruments: [] },
      { name: 'woodwinds', instruments: [{ name: 'flute' }] },
      { name: 'percussion', instruments: [] },
    ])
    assert.deepEqual(await names('!inner'), [{ name: 'woodwinds', instruments: [{ name: 'flute' }] }])
    assert.deepEqual(await names('!left'), await names(''))
  })

  test('!inner with a hint, over two levels, and its count', async () => {
    const sent = await from('users').select('username, messages!messages_sender!inner (body)', { count: 'exact' })
      .like('messages.body', 'hello%').order('id')
    assert.deepEqual([sent.data, sent.count], [[
      { username: 'ada', messages: [{ body: 'hello' }] }, { username: 'bob', messages: [{ body: 'hello back' }] },
    ], 2])
    const reds = from('users').select('username, members!inner (teams!inner (name))').eq('members.teams.name', 'red')
    assert.deepEqual(ok(await reds.order('id')), [
      { username: 'ada', members: [{ teams: { name: 'red' } }] }, { username: 'bob', members: [{ teams: { name: 'red' } }] },
    ])
  })

  test('parents with and without rows, without showing them', async () => {
    const names = (rows) => rows.map(({ name }) => name)
    const sections = () => from('orchestral_sections').select('name, instruments ()').order('id')
    assert.deepEqual(names(ok(await sections().is('instruments', null))), ['percussion'])
    assert.deepEqual(names(ok(await sections().not('instruments', 'is', null))), ['strings', 'woodwinds'])
    assert.deepEqual(Object.keys(ok(await sections())[0]), ['name'])
  })

  test('one of several: or over embeds', async () => {
    const users = ok(await from('users').select('username, manager:users!manager_id (), members ()')
      .or('manager.is.null,members.is.null').order('id'))
    assert.deepEqual(users.map(({ username }) => username), ['cyd', 'dan'])
  })

  test('spread: columns of a to-one in its parent, of a to-many as arrays', async () => {
    assert.deepEqual(ok(await from('cities').select('name, ...countries (country:name, continent)').in('id', [3, 6]).order('id')), [
      { name: 'São Paulo', country: 'Brazil', continent: 'South America' },
      { name: 'Atlantis', country: null, continent: null },
    ])
    const sections = from('orchestral_sections').select('name, ...instruments (names:name, prices:price)').order('id')
    assert.deepEqual(ok(await sections.order('id', { referencedTable: 'instruments' })), [
      { name: 'strings', names: ['violin', 'cello'], prices: [900.5, 2400] },
      { name: 'woodwinds', names: ['flute', 'oboe'], prices: [700, null] },
      { name: 'percussion', names: [], prices: [] },
    ])
  })

  test('counts of embeds', async () => {
    assert.deepEqual(ok(await from('orchestral_sections').select('name, instruments (count)').order('id')), [
      { name: 'strings', instruments: [{ count: 2 }] },
      { name: 'woodwinds', instruments: [{ count: 2 }] },
      { name: 'percussion', instruments: [{ count: 0 }] },
    ])
    assert.deepEqual(ok(await from('teams').select('name, users (count)').eq('id', 2)), [{ name: 'green', users: [{ count: 3 }] }])
    assert.deepEqual(ok(await from('countries').select('name, cities (count)').gt('cities.population', 1000000).eq('id', 1)), [
      { name: 'Austria', cities: [{ count: 1 }] },
    ])
  })

  test('a view, in both directions', async () => {
    assert.deepEqual(ok(await from('european_cities').select('name, countries (code)').eq('id', 2)), [
      { name: 'Graz', countries: { code: 'AT' } },
    ])
    assert.deepEqual(ok(await from('countries').select('name, european_cities (name)').eq('id', 4)), [
      { name: 'Denmark', european_cities: [{ name: 'Copenhagen' }] },
    ])
  })

  test('a relationship that is a function', async () => {
    assert.deepEqual(ok(await from('countries').select('name, capital (name)').in('id', [1, 5]).order('id')), [
      { name: 'Austria', capital: { name: 'Vienna' } }, { name: 'Åland', capital: null },
    ])
  })

  test('no relationship, and a filter on what is not embedded', async () => {
    const unrelated = denied(await from('countries').select('*, teams (*)'), 'PGRST200', 400)
    assert.equal(unrelated.message, "Could not find a relationship between 'countries' and 'teams' in the schema cache")
    const absent = denied(await from('countries').select('name').eq('cities.name', 'Graz'), 'PGRST108', 400)
    assert.equal(absent.message, "'cities' is not an embedded resource in this request")
  })
}
