// What stands in front of the data API: keys, tokens, cross-origin requests, and the description of everything.
import assert from 'node:assert/strict'
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { accessToken, admin, claimsOf, client, newUser, ok } from '../../kit/client.mjs'
import { denied } from '../../kit/database.mjs'

export default function (world) {
  /** A plain request below /rest/v1. */
  const plain = async (path, headers, method = 'GET') => {
    const answer = await fetch(`${world.server.apiUrl}/rest/v1${path}`, { method, headers })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) }
  }
  /** A query with another token than the key. */
  const withToken = (token) => client(world.server).from('cities').select('name').eq('id', 1).setHeader('Authorization', `Bearer ${token}`)

  test('no key, a wrong key', async () => {
    const none = await plain('/cities', {})
    assert.deepEqual([none.status, none.json.message], [401, 'No API key found in request'])
    const expired = signed(world, { role: 'anon', exp: now() - 60 })
    for (const key of ['sb_publishable_wrong', 'sb_secret_wrong', 'nonsense', forged({ role: 'service_role' }), expired]) {
      const wrong = await plain('/cities', { apikey: key })
      assert.deepEqual([wrong.status, wrong.json.message], [401, 'Invalid API key'], key)
      assert.equal((await client(world.server, { key }).from('cities').select()).status, 401)
    }
  })

  test('a refusal reaches a client that is still sending', async () => {
    const body = 'x'.repeat(5_000_000)
    const expired = `Bearer ${signed(world, { role: 'anon', exp: now() - 60 })}`
    const refused = [{}, { apikey: 'nonsense' }, { apikey: world.server.anonKey, authorization: expired }]
    for (const headers of [...refused, ...refused, ...refused]) {
      const answer = await fetch(`${world.server.apiUrl}/rest/v1/stock`, { method: 'POST', headers, body })
      assert.equal(answer.status, 401)
      await answer.arrayBuffer()
    }
  })

  test('the key as a parameter of the query is no filter', async () => {
    const { status, json } = await plain(`/cities?apikey=${world.server.anonKey}&select=name&id=eq.1`, {})
    assert.deepEqual([status, json], [200, [{ name: 'Vienna' }]])
  })

  test('a token that the project signed', async () => {
    const { supabase, id } = await newUser(world.server)
    const token = await accessToken(supabase)
    assert.deepEqual(ok(await withToken(token)), [{ name: 'Vienna' }])
    const own = signed(world, { role: 'authenticated', sub: id, exp: now() + 60 })
    assert.deepEqual(ok(await withToken(own)), [{ name: 'Vienna' }])
    assert.equal(ok(await client(world.server).rpc('caller').setHeader('Authorization', `Bearer ${own}`)).uid, id)
  })

  test('the accessToken option of the client', async () => {
    const token = signed(world, { role: 'service_role', exp: now() + 60 })
    const { createClient } = await import('@supabase/supabase-js')
    const supabase = createClient(world.server.apiUrl, world.server.anonKey, { accessToken: async () => token })
    assert.equal(ok(await supabase.rpc('caller')).role, 'service_role')
  })

  test('an expired token', async () => {
    const error = denied(await withToken(signed(world, { role: 'authenticated', exp: now() - 60 })), 'PGRST303', 401)
    assert.equal(error.message, 'JWT expired')
    const { headers } = await plain('/cities', {
      apikey: world.server.anonKey, authorization: `Bearer ${signed(world, { role: 'anon', exp: now() - 60 })}`,
    })
    assert.equal(headers.get('www-authenticate'), 'Bearer error="invalid_token", error_description="JWT expired"')
    assert.equal(denied(await withToken(signed(world, { role: 'anon', nbf: now() + 600 })), 'PGRST303', 401).message, 'JWT not yet valid')
  })

  test('forged tokens', async () => {
    const { supabase } = await newUser(world.server)
    const real = await accessToken(supabase)
    const [head, , signature] = real.split('.')
    const lifted = [head, encoded({ ...claimsOf(real), role: 'service_role' }), signature].join('.')
    const unsecured = `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded({ role: 'service_role' })}.`
    for (const token of [lifted, unsecured, forged({ role: 'service_role' }), otherKey({ role: 'service_role' }), 'a.b.c', 'nonsense']) {
      denied(await withToken(token), 'PGRST301', 401)
    }
  })

  test('a role that does not exist, and one that nobody may take', async () => {
    const unknown = denied(await withToken(signed(world, { role: 'nobody', exp: now() + 60 })), '22023', 401)
    assert.equal(unknown.message, 'role "nobody" does not exist')
    denied(await withToken(signed(world, { role: 'postgres', exp: now() + 60 })), '42501', 403)
  })

  test('a preflight, and what browsers may read of an answer', async () => {
    const origin = 'https://app.example'
    const preflight = await plain('/cities', {
      origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'apikey,authorization,content-profile,prefer',
    }, 'OPTIONS')
    assert.ok([200, 204].includes(preflight.status))
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
    assert.match(preflight.headers.get('access-control-allow-methods'), /\bPATCH\b/)
    for (const name of ['apikey', 'authorization', 'content-profile', 'prefer']) {
      assert.ok(preflight.headers.get('access-control-allow-headers').toLowerCase().includes(name), name)
    }
    const answer = await plain('/cities?limit=1', { origin, apikey: world.server.anonKey, prefer: 'count=exact' })
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
    assert.equal(answer.headers.get('content-range'), '0-0/6')
    for (const name of ['content-range', 'content-location', 'location']) {
      assert.ok(answer.headers.get('access-control-expose-headers').toLowerCase().includes(name), name)
    }
    const refused = await plain('/nothing', { origin })
    assert.equal(refused.headers.get('access-control-allow-origin'), '*')
  })

  test('what a table allows', async () => {
    const { status, headers } = await plain('/cities', { apikey: world.server.anonKey }, 'OPTIONS')
    assert.deepEqual([status, headers.get('allow')], [200, 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE'])
  })

  test('the description of the API', async () => {
    const described = ok(await admin(world.server).getOpenApiSpec())
    assert.equal(described.swagger, '2.0')
    assert.deepEqual(Object.keys(described.paths['/countries']).sort(), ['delete', 'get', 'patch', 'post'])
    assert.equal(described.paths['/countries'].get.summary, 'Countries')
    assert.ok(described.paths['/rpc/add'].post)
    const { code, id, area } = described.definitions.countries.properties
    assert.equal(code.description, 'Two letters')
    assert.equal(id.description, 'Note:\nThis is a Primary Key.<pk/>')
    assert.deepEqual([id.type, area.type], ['integer', 'number'])
    assert.match(described.definitions.cities.properties.country_id.description, /<fk table='countries' column='id'\/>/)
    assert.deepEqual(described.definitions.users.properties.mood.enum, ['calm', 'busy', 'away'])
    assert.ok(described.definitions.secrets && !described.definitions.things)

    const library = ok(await admin(world.server).schema('library').getOpenApiSpec())
    assert.deepEqual(Object.keys(library.definitions).sort(), ['books', 'cities'])
  })

  test('the description names the address of the API', async () => {
    const { host, basePath, schemes } = ok(await admin(world.server).getOpenApiSpec())
    assert.deepEqual({ host, basePath, schemes }, { host: new URL(world.server.apiUrl).host, basePath: '/rest/v1', schemes: ['http'] })
  })

  test('anon is told only of what it may touch', async () => {
    const described = ok(await client(world.server).getOpenApiSpec())
    assert.ok(described.definitions.countries && !described.definitions.secrets)
  })
}

const now = () => Math.floor(Date.now() / 1000)
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function hmac(secret, claims) {
  const content = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

/** A token that the project's secret signed. */
const signed = (world, claims) => hmac(world.server.jwtSecret, claims)

/** One of somebody else's secret. */
const forged = (claims) => hmac('somebody-elses-secret-of-32-characters', claims)

/** One of somebody else's key pair. */
function otherKey(claims) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const content = `${encoded({ alg: 'ES256', typ: 'JWT', kid: 'other' })}.${encoded(claims)}`
  const signature = createSign('sha256').update(content).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${content}.${signature.toString('base64url')}`
}
