// Signing keys of a project rotate under a running backend by `ferrobase gen keys`: the official client notices nothing.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import { binary, makeProject, sleep, startServer } from '../kit/server.mjs'

let folder, server

before(async () => {
  folder = makeProject('keys', {})
  server = await startServer({ name: 'keys', folder, ephemeral: false })
})
after(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const client = () => createClient(server.apiUrl, server.anonKey, { auth: { persistSession: false, autoRefreshToken: false } })
const generate = (...args) => execFileSync(binary, ['gen', 'keys', '--workdir', folder, ...args], { encoding: 'utf8', stdio: 'pipe' })
const kidOf = (session) => JSON.parse(Buffer.from(session.access_token.split('.')[0], 'base64url')).kid
const published = async () => {
  const answer = await fetch(`${server.apiUrl}/auth/v1/.well-known/jwks.json`)
  return (await answer.json()).keys.map((key) => key.kid)
}

async function untilPublished(count) {
  for (let round = 0; round < 100; round++) {
    const kids = await published()
    if (kids.length === count) return kids
    await sleep(100)
  }
  assert.fail(`${count} keys expected, there are ${await published()}`)
}

test('a rotation by hand, step by step', async () => {
  const ann = client()
  const { data: { session }, error } = await ann.auth.signUp({ email: 'ann@example.com', password: 'correct horse 1' })
  assert.equal(error, null)
  const [first] = await published()
  assert.equal(kidOf(session), first)

  generate('--standby', '--algorithm', 'RS256')
  const [, second] = await untilPublished(2)
  assert.match(generate('--list'), /in use[^]*standby/)
  generate('--rotate')
  for (let round = 0; round < 50 && (await published())[0] !== second; round++) await sleep(100)

  // The session from before, its token and what it refreshes to.
  assert.equal((await ann.auth.getUser()).data.user.email, 'ann@example.com')
  assert.equal((await ann.auth.getClaims()).data.claims.email, 'ann@example.com')
  const refreshed = await ann.auth.refreshSession()
  assert.equal(kidOf(refreshed.data.session), second)
  const claims = await client().auth.getClaims(refreshed.data.session.access_token)
  assert.equal(claims.error, null)
  assert.equal(claims.data.header.alg, 'RS256')

  generate('--revoke', first)
  assert.deepEqual(await untilPublished(1), [second])
  const { error: refused } = await client().auth.getUser(session.access_token)
  assert.equal(refused.code, 'bad_jwt')
  assert.equal((await ann.auth.getUser()).data.user.email, 'ann@example.com')
})

test('the keys survive a restart, in a file for its owner alone', async () => {
  const [kid] = await published()
  await server.stop()
  const path = join(folder, 'supabase/.ferrobase/keys.json')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const statuses = JSON.parse(readFileSync(path)).signing_keys.map((key) => key.status)
  assert.deepEqual(statuses, ['in_use', 'revoked'])
  server = await startServer({ name: 'keys', folder, ephemeral: false })
  assert.deepEqual(await published(), [kid])
})
