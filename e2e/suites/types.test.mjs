// Generated types beside those of the official generator: the npm package that the Supabase stack runs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { binary } from '../kit/server.mjs'
import { world } from '../kit/world.mjs'

const run = promisify(execFile)
const limits = { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 }
const generator = createRequire(import.meta.url).resolve('@supabase/postgres-meta/dist/server/server.js')
const shared = world({
  name: 'types',
  config: { 'api.schemas': ['public', 'shop'] },
  async prepare({ server, database }) {
    await database.runFile(new URL('./types/schema.sql', import.meta.url))
    const [{ folder }] = await database.rows("select current_setting('unix_socket_directories') folder")
    const port = Number(new URL(server.dbUrl).port)
    const superuser = new pg.Client({ host: folder.replaceAll('"', ''), port, user: 'supabase_admin', database: 'postgres' })
    await superuser.connect()
    await superuser.query(readFileSync(new URL('./types/foreign.sql', import.meta.url), 'utf8'))
    await superuser.end()
  },
})

async function official(schemas, isOneToOne = true) {
  const env = {
    ...process.env,
    PG_META_DB_URL: shared.server.dbUrl,
    PG_META_GENERATE_TYPES: 'typescript',
    PG_META_GENERATE_TYPES_INCLUDED_SCHEMAS: schemas,
    PG_META_GENERATE_TYPES_DETECT_ONE_TO_ONE_RELATIONSHIPS: String(isOneToOne),
  }
  return (await run(process.execPath, [generator], { env, ...limits })).stdout
}

async function ours(...flags) {
  return (await run(binary, ['gen', 'types', '--workdir', shared.server.workdir, ...flags], limits)).stdout
}

/** Lines, since a difference of whole files cannot be read. */
function equal(actual, expected) {
  assert.deepEqual(actual.split('\n'), expected.split('\n'))
}

describe('TypeScript', { concurrency: 2 }, () => {
  // Between them: types, rows and functions of schemas that are left out, and names that two schemas have.
  for (const schemas of ['public', 'shop', 'hidden', 'public,shop', 'hidden,public,shop', 'auth,storage', 'none']) {
    test(`of ${schemas}`, async () => {
      const expected = await official(schemas)
      equal(await ours('--db-url', shared.server.dbUrl, '--schema', schemas), expected)
      assert.ok(schemas === 'none' || expected.length > 3000)
    })
  }

  test('without flags: the running backend, public and the schemas of the data API', async () => {
    const expected = await official('public,shop')
    equal(await ours(), expected)
    equal(await ours('typescript', '--local', '-s', 'shop', '-s', 'public'), expected)
  })

  test('for old versions of PostgREST', async () => {
    equal(await ours('--lang', 'typescript', '--postgrest-v9-compat'), await official('public,shop', false))
  })

  test('names of schemas that need quotes have their relationships, which the official generator loses', async () => {
    const [our, other] = [await ours('-s', 'My Schema'), await official('My Schema')]
    assert.match(other, /columns: null/)
    equal(our, other.replace('columns: null', 'columns: ["Other Id"]').replace('referencedColumns: null', 'referencedColumns: ["id"]'))
  })
})

test('Rust', async () => {
  assert.match(await ours('rust'), /pub mod shop \{[^]*pub struct CustomersRow \{/)
})

test('languages that are not supported say so', async () => {
  await assert.rejects(ours('--lang', 'go'), ({ code, stderr }) => code === 1 && /types for go are not supported/.test(stderr))
})

test('a limit that means none is a usage error', async () => {
  await assert.rejects(ours('--query-timeout', '0s'), ({ code, stderr }) => code === 2 && /more than nothing/.test(stderr))
})
