// Backends for one test run: `run` and `start --ephemeral`, from a template of a database, side by side, and nothing stays.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { binary as given, makeProject, startServer } from '../kit/server.mjs'

const run = promisify(execFile)
const binary = resolve(given)
const library = fileURLToPath(new URL('../node_modules/@supabase/supabase-js/dist/index.mjs', import.meta.url))
// An application's test: it signs somebody up, writes a row and reads it back.
const script = `
  import { createClient } from ${JSON.stringify(library)}
  const { SUPABASE_URL: url, SUPABASE_ANON_KEY: key } = process.env
  const app = createClient(url, key, { auth: { persistSession: false } })
  const { data, error } = await app.auth.signUp({ email: 'ann@example.com', password: 'correct horse 1' })
  if (error) throw error
  const { error: refused } = await app.from('notes').insert({ body: 'mine' })
  if (refused) throw refused
  const { data: notes } = await app.from('notes').select('body, owner')
  console.log(JSON.stringify({ key, url, user: data.user.id, notes }))
`
const migration = `
  create table public.notes (id int primary key generated always as identity, body text, owner uuid default auth.uid());
  alter table public.notes enable row level security;
  create policy "own" on public.notes for all to authenticated using (owner = auth.uid()) with check (owner = auth.uid());
`
let folder
let templates
before(() => {
  folder = makeProject('ephemeral', { 'auth.email.enable_confirmations': false })
  mkdirSync(join(folder, 'supabase/migrations'))
  writeFileSync(join(folder, 'supabase/migrations/20260101000000_notes.sql'), migration)
  writeFileSync(join(folder, 'app.test.mjs'), script)
  templates = mkdtempSync(join(tmpdir(), 'ferrobase-e2e-templates-'))
  chmodSync(templates, 0o755)
})
after(() => {
  for (const path of [folder, templates]) rmSync(path, { recursive: true, force: true })
})

async function runOnce(env = {}) {
  const { stdout, stderr } = await run(binary, ['run', '--workdir', folder, '--', process.execPath, 'app.test.mjs'], {
    cwd: folder, env: { ...process.env, FERROBASE_TEMPLATES: templates, ...env }, timeout: 60_000,
  })
  return { ...JSON.parse(stdout.trim().split('\n').at(-1)), stderr }
}
const identity = () => statSync(join(templates, kept()[0])).ino
const kept = () => readdirSync(templates).filter((name) => !name.endsWith('.template-lock'))

test('the first run makes the template, and it has nobody\'s secrets', async () => {
  assert.equal(kept().length, 0)
  const first = await runOnce()
  assert.equal(kept().length, 1)
  const made = identity()
  assert.deepEqual(first.notes, [{ body: 'mine', owner: first.user }])
  const second = await runOnce()
  assert.equal(identity(), made)
  assert.notEqual(second.key, first.key)
  assert.notEqual(second.user, first.user)
})

test('ten side by side', async () => {
  const runs = await Promise.all(Array.from({ length: 10 }, () => runOnce()))
  for (const { notes, user } of runs) assert.deepEqual(notes, [{ body: 'mine', owner: user }])
  for (const name of ['key', 'url', 'user']) assert.equal(new Set(runs.map((each) => each[name])).size, 10, name)
  assert.equal(kept().length, 1)
})

test('a template that is damaged is made anew, one of another version is left alone', async () => {
  const path = join(templates, kept()[0])
  truncateSync(join(path, 'global/pg_control'), 100)
  writeFileSync(join(templates, 'not-ours'), 'text')
  const damaged = await runOnce()
  assert.match(damaged.stderr, /not whole/)
  assert.deepEqual(damaged.notes, [{ body: 'mine', owner: damaged.user }])
  assert.equal(existsSync(path), false)
  assert.equal((await runOnce()).notes.length, 1)
  assert.equal(statSync(join(path, 'global/pg_control')).size, 8192)
  assert.deepEqual(kept().sort(), [path.split('/').at(-1), 'not-ours'].sort())
})

test('without templates, and where none can be made', async () => {
  const none = join(templates, 'none')
  assert.deepEqual((await runOnce({ FERROBASE_TEMPLATES: 'off' })).notes.length, 1)
  writeFileSync(none, '')
  const barred = await runOnce({ FERROBASE_TEMPLATES: join(none, 'below') })
  assert.match(barred.stderr, /no template of new databases could be made/)
  assert.equal(barred.notes.length, 1)
})

test('a lasting project begins from the template too, with passwords of its own', async () => {
  const server = await startServer({ name: 'ephemeral-lasting', folder, ephemeral: false, env: { FERROBASE_TEMPLATES: templates } })
  const other = await startServer({ name: 'ephemeral-other', env: { FERROBASE_TEMPLATES: templates } })
  const connect = (url, password) => {
    const [from, to] = [new URL(url), new URL(other.dbUrl)]
    from.password = password ?? to.password
    return run('psql', ['-XAt', from.href, '-c', 'show data_checksums'])
  }
  try {
    assert.equal((await connect(server.dbUrl, new URL(server.dbUrl).password)).stdout.trim(), 'on')
    await assert.rejects(connect(server.dbUrl), /password authentication failed/)
  } finally {
    await Promise.all([server.stop(), other.stop()])
  }
  assert.ok(existsSync(join(folder, 'supabase/.ferrobase')))
})

test('nothing stays', () => {
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith(`ferrobase-ephemeral-`))
  const alive = left.filter((name) => existsSync(`/proc/${name.split('-')[2]}`) === false)
  assert.deepEqual(alive, [], 'folders of runs that have ended')
})
