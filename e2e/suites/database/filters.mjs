import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, ok } from '../../kit/client.mjs'
import { denied } from '../../kit/database.mjs'

export default function (world) {
  const from = (relation) => client(world.server).from(relation)
  /** The ids of the rows that a filter leaves. */
  const ids = async (relation, filtered, select = 'id') =>
    ok(await filtered(from(relation).select(select)).order('id')).map(({ id }) => id)
  const cities = (filtered) => ids('cities', filtered)
  const rooms = (filtered) => ids('rooms', filtered)
  const countries = (filtered) => ids('countries', filtered)

  test('eq and neq, with nulls that are neither', async () => {
    assert.deepEqual(await cities((q) => q.eq('name', 'Graz')), [2])
    assert.deepEqual(await countries((q) => q.eq('code', 'AT')), [1])
    assert.deepEqual(await countries((q) => q.neq('code', 'AT')), [2, 3, 5])
    assert.deepEqual(await countries((q) => q.eq('independent', false)), [5])
    assert.deepEqual(await countries((q) => q.eq('area', 756102.4)), [3])
  })

  test('gt, gte, lt, lte on numbers and dates', async () => {
    assert.deepEqual(await cities((q) => q.gt('population', 1982097)), [3, 4])
    assert.deepEqual(await cities((q) => q.gte('population', 1982097)), [1, 3, 4])
    assert.deepEqual(await cities((q) => q.lt('population', 295424)), [6])
    assert.deepEqual(await cities((q) => q.lte('population', 295424)), [2, 6])
    assert.deepEqual(await cities((q) => q.gte('founded', '1128-01-01').lt('founded', '1554-01-25')), [2, 4])
  })

  test('like and ilike, all of and any of several patterns', async () => {
    assert.deepEqual(await cities((q) => q.like('name', 'S%')), [3, 4])
    assert.deepEqual(await cities((q) => q.like('name', 's%')), [])
    assert.deepEqual(await cities((q) => q.ilike('name', 's*o*')), [3, 4])
    assert.deepEqual(await cities((q) => q.like('name', '_ra_')), [2])
    assert.deepEqual(await cities((q) => q.likeAllOf('name', ['%a%', '%n%', 'A%'])), [6])
    assert.deepEqual(await cities((q) => q.likeAnyOf('name', ['V%', '%z'])), [1, 2])
    assert.deepEqual(await cities((q) => q.ilikeAllOf('name', ['%A%', 'g%'])), [2])
    assert.deepEqual(await cities((q) => q.ilikeAnyOf('name', ['v%', 'ATL%'])), [1, 6])
  })

  test('regular expressions', async () => {
    assert.deepEqual(await cities((q) => q.regexMatch('name', '^S.o|z$')), [2, 3])
    assert.deepEqual(await cities((q) => q.regexMatch('name', '^s')), [])
    assert.deepEqual(await cities((q) => q.regexIMatch('name', '^s.*o$')), [3, 4])
  })

  test('is: null, true, false; what is distinct counts null as a value', async () => {
    assert.deepEqual(await cities((q) => q.is('country_id', null)), [6])
    assert.deepEqual(await countries((q) => q.is('independent', true)), [1, 2, 3])
    assert.deepEqual(await countries((q) => q.is('independent', false)), [5])
    assert.deepEqual(await countries((q) => q.is('independent', null)), [4])
    assert.deepEqual(await countries((q) => q.isDistinct('code', 'AT')), [2, 3, 4, 5])
  })

  test('in and notIn, with commas, parentheses, blanks and nothing', async () => {
    assert.deepEqual(await cities((q) => q.in('name', ['Graz', 'Vienna', 'Nowhere'])), [1, 2])
    assert.deepEqual(await cities((q) => q.in('id', [1, 1, 3])), [1, 3])
    assert.deepEqual(await rooms((q) => q.in('name', ['Doshi, B. (old)', 'Aalto'])), [1, 4])
    assert.deepEqual(await cities((q) => q.in('name', ['São Paulo'])), [3])
    assert.deepEqual(await cities((q) => q.in('id', [])), [])
    assert.deepEqual(await cities((q) => q.notIn('id', [1, 2, 3])), [4, 5, 6])
    assert.deepEqual(await rooms((q) => q.notIn('name', ['Doshi, B. (old)', 'Aalto'])), [2, 3])
  })

  test('contains and containedBy: arrays, JSON, ranges', async () => {
    assert.deepEqual(await rooms((q) => q.contains('tags', ['quiet', 'window'])), [1])
    assert.deepEqual(await rooms((q) => q.contains('tags', ['quiet'])), [1, 3])
    assert.deepEqual(await rooms((q) => q.contains('details', { beamer: { lumen: 2500 } })), [2])
    assert.deepEqual(await rooms((q) => q.contains('seats', '[3,4)')), [1, 4])
    assert.deepEqual(await rooms((q) => q.contains('seats', '[7,7]')), [2])
    assert.deepEqual(await rooms((q) => q.containedBy('tags', ['window', 'quiet', 'other'])), [1, 2, 4])
    assert.deepEqual(await rooms((q) => q.containedBy('details', { floor: 2, open: false, beamer: { lumen: 2500 } })), [2, 4])
    assert.deepEqual(await rooms((q) => q.containedBy('booked', '[2000-01-01 00:00, 2000-01-01 13:00)')), [1, 4])
  })

  test('ranges: beside, before, after, not beyond', async () => {
    assert.deepEqual(await rooms((q) => q.rangeGt('seats', '[2,5)')), [2, 3])
    assert.deepEqual(await rooms((q) => q.rangeGte('seats', '[2,5)')), [2, 3, 4])
    assert.deepEqual(await rooms((q) => q.rangeLt('seats', '[5,7)')), [1, 4])
    assert.deepEqual(await rooms((q) => q.rangeLte('seats', '[6,10)')), [1, 2, 4])
    assert.deepEqual(await rooms((q) => q.rangeAdjacent('seats', '[5,10)')), [1, 3])
    assert.deepEqual(await rooms((q) => q.rangeAdjacent('booked', '[2000-01-01 15:00, 2000-01-01 16:00)')), [2])
  })

  test('overlaps: arrays and ranges', async () => {
    assert.deepEqual(await rooms((q) => q.overlaps('tags', ['large', 'window'])), [1, 2, 3])
    assert.deepEqual(await rooms((q) => q.overlaps('booked', '[2000-01-01 12:45, 2000-01-01 13:15)')), [1, 2])
  })

  test('text search in a tsvector and in plain text', async () => {
    assert.deepEqual(await rooms((q) => q.textSearch('words', "'fat' & 'cat'")), [1, 2])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'mat | world')), [1, 2])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'rats', { config: 'english' })), [2])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'sit', { config: 'simple' })), [3])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'sitting', { config: 'simple' })), [])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'cats and fat', { type: 'plain', config: 'english' })), [1, 2])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'cat sat', { type: 'phrase', config: 'english' })), [1])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'cat fat', { type: 'phrase', config: 'english' })), [])
    assert.deepEqual(await rooms((q) => q.textSearch('words', '"fat cat" or impossible', { type: 'websearch', config: 'english' })), [1, 3])
    assert.deepEqual(await rooms((q) => q.textSearch('words', 'fat -world', { type: 'websearch' })), [1])
    assert.deepEqual(await rooms((q) => q.textSearch('notes', 'impossible & sit', { config: 'english' })), [3])
  })

  test('match, several filters, and a value that is no operator', async () => {
    assert.deepEqual(await cities((q) => q.match({ country_id: 1, name: 'Graz' })), [2])
    assert.deepEqual(await cities((q) => q.match({ country_id: 1, name: undefined })), [1, 2])
    assert.deepEqual(await cities((q) => q.eq('country_id', 1).neq('name', 'Graz')), [1])
    assert.deepEqual(await cities((q) => q.gt('id', 1).gt('id', 4)), [5, 6])
    assert.deepEqual(await cities((q) => q.eq('name', 'eq.a,b(c)&d=%22')), [])
  })

  test('not, with every kind of value', async () => {
    assert.deepEqual(await cities((q) => q.not('country_id', 'is', null)), [1, 2, 3, 4, 5])
    assert.deepEqual(await cities((q) => q.not('name', 'like', '%n%')), [2, 3])
    assert.deepEqual(await cities((q) => q.not('id', 'in', '(1,2,3)')), [4, 5, 6])
    assert.deepEqual(await rooms((q) => q.not('tags', 'cs', '{quiet}')), [2, 4])
    assert.deepEqual(await rooms((q) => q.not('words', 'wfts(english)', 'cat')), [3, 4])
  })

  test('or, with and inside, beside other filters, negated', async () => {
    assert.deepEqual(await cities((q) => q.or('id.eq.2,name.eq.Vienna')), [1, 2])
    assert.deepEqual(await cities((q) => q.or('id.gt.5,and(country_id.eq.1,name.like.V*)')), [1, 6])
    assert.deepEqual(await cities((q) => q.or('id.eq.2,id.eq.3').eq('country_id', 1)), [2])
    assert.deepEqual(await cities((q) => q.or('id.in.(1,2),not.and(id.gte.0,id.lte.5)')), [1, 2, 6])
    assert.deepEqual(await rooms((q) => q.or('name.eq."Doshi, B. (old)",tags.cs.{large}')), [3, 4])
    assert.deepEqual(await cities((q) => q.or('id.lte.3,id.eq.6').or('country_id.eq.1,country_id.is.null')), [1, 2, 6])
  })

  test('or in an embed', async () => {
    assert.deepEqual(ok(await from('orchestral_sections').select('name, instruments!inner (name)')
      .or('name.eq.cello,price.lt.800', { referencedTable: 'instruments' }).order('id')), [
      { name: 'strings', instruments: [{ name: 'cello' }] }, { name: 'woodwinds', instruments: [{ name: 'flute' }] },
    ])
    assert.deepEqual(ok(await from('orchestral_sections').select('name, instruments (name)').eq('id', 2)
      .or('name.eq.oboe,price.is.null', { foreignTable: 'instruments' })), [{ name: 'woodwinds', instruments: [{ name: 'oboe' }] }])
  })

  test('filter: an operator by its own name', async () => {
    assert.deepEqual(await cities((q) => q.filter('name', 'in', '("Graz","Vienna")')), [1, 2])
    assert.deepEqual(await cities((q) => q.filter('name', 'not.ilike', '%N%')), [2, 3])
    assert.deepEqual(await cities((q) => q.filter('population', 'gt(any)', '{6000000,99999999}')), [3, 4])
    assert.deepEqual(await ids('cities', (q) => q.filter('countries.name', 'eq', 'Chile'), 'id, countries!inner ()'), [4])
  })

  test('paths into JSON', async () => {
    assert.deepEqual(await rooms((q) => q.eq('details->floor', 2)), [2, 3])
    assert.deepEqual(await rooms((q) => q.eq('details->>floor', '1')), [1])
    assert.deepEqual(await rooms((q) => q.gt('details->beamer->lumen', 1000)), [2])
    assert.deepEqual(await rooms((q) => q.is('details->>open', null)), [3, 4])
    assert.deepEqual(await rooms((q) => q.in('details->beamer->lamps->>0', ['old'])), [1])
    assert.deepEqual(await rooms((q) => q.or('details->>floor.eq.1,details->>open.eq.false')), [1, 2])
  })

  test('enums, and a value that is none', async () => {
    assert.deepEqual(await ids('users', (q) => q.eq('mood', 'calm')), [1, 4])
    assert.deepEqual(await ids('users', (q) => q.in('mood', ['busy', 'away'])), [2, 3])
    denied(await from('users').select().eq('mood', 'furious'), '22P02', 400)
  })

  test('what PostgREST cannot read', async () => {
    const error = denied(await from('cities').select().filter('id', 'bigger', 1), 'PGRST100', 400)
    assert.match(error.message, /failed to parse filter \(bigger\.1\)/)
    denied(await from('cities').select().or('id.eq.1,'), 'PGRST100', 400)
    denied(await from('cities').select('id,,name('), 'PGRST100', 400)
  })
}
