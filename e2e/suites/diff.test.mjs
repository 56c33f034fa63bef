// db diff: what was done to the database by hand becomes a migration, after which nothing is missing.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { binary } from '../kit/server.mjs'
import { world } from '../kit/world.mjs'

const run = promisify(execFile)
const shared = world({ name: 'diff' })
const folder = () => join(shared.server.workdir, 'supabase', 'migrations')
const diff = (...flags) => run(binary, ['db', 'diff', '--workdir', shared.server.workdir, ...flags], { timeout: 60_000 })
const found = (kind) => new RegExp(`^Created new migration at supabase/migrations/\\d{14}_${kind}\\.sql$`, 'm')

const migration = `
  create table public.notes (id bigint generated always as identity primary key, owner uuid references auth.users, body text);
  alter table public.notes enable row level security;
  create policy "own notes" on public.notes using (auth.uid() = owner);
`

const byHand = `
  create type public.mood as enum ('good', 'bad');
  alter table public.notes add column mood public.mood not null default 'good';
  create index notes_owner on public.notes (owner);
  create function public.greet() returns trigger language plpgsql security definer set search_path = ''
    as $$ begin insert into public.notes (owner, body) values (new.id, 'hello; you'); return new; end $$;
  create trigger greeting after insert on auth.users for each row execute function public.greet();
  create policy "own files" on storage.objects for select to authenticated using (owner_id = auth.uid()::text);
  alter publication supabase_realtime add table public.notes;
  create view public.good_notes with (security_invoker = on) as select id, body from public.notes where mood = 'good';
  revoke insert on public.notes from anon;
`

test('what was done by hand becomes a migration', async () => {
  mkdirSync(folder(), { recursive: true })
  writeFileSync(join(folder(), '20240101000000_notes.sql'), migration)
  await shared.database.rows(migration)
  const nothing = await diff()
  assert.equal(nothing.stdout, '')
  assert.match(nothing.stderr, /^No schema changes found$/m)

  await shared.database.rows(byHand)
  const shown = (await diff()).stdout
  for (const part of ['create type public.mood', 'CREATE TRIGGER greeting', 'create policy "own files"', 'add table public.notes', 'create view public.good_notes']) {
    assert.ok(shown.includes(part), `${part} in\n${shown}`)
  }
  assert.match(shown, /revoke insert on table public.notes from anon;/)
  assert.doesNotMatch(shown, /drop |own notes/)
  assert.equal((await diff('--schema', 'private')).stdout, '')

  assert.match((await diff('-f', 'by hand')).stderr, found('by_hand'))
  const file = readdirSync(folder()).find((name) => name.endsWith('_by_hand.sql'))
  assert.equal(readFileSync(join(folder(), file), 'utf8').trim(), shown.trim())
  assert.match((await diff()).stderr, /^No schema changes found$/m)
  const [{ count }] = await shared.database.rows("select count(*)::int from pg_database where datname like 'ferrobase_shadow%'")
  assert.equal(count, 0)
})

test('migrations with statements that only an administrator may run', async () => {
  const elevated = `
    create extension if not exists pg_trgm with schema extensions;
    comment on extension pg_trgm is 'names that are nearly right';
    alter default privileges for role supabase_admin in schema public grant select on tables to anon;
    create function public.told() returns event_trigger language plpgsql as $$ begin end $$;
    create event trigger tells on ddl_command_end execute function public.told();
    create table public.found (id int primary key, name text);
  `
  writeFileSync(join(folder(), '20240102000000_elevated.sql'), elevated)
  const { stdout } = await diff()
  assert.match(stdout, /drop table public\.found;/)
  // The others were run by hand.
  const others = readdirSync(folder()).map((name) => name.split('_')[0]).filter((version) => version !== '20240102000000')
  await run(binary, ['migration', 'repair', '--workdir', shared.server.workdir, '--status', 'applied', ...others])
  const up = await run(binary, ['migration', 'up', '--include-all', '--workdir', shared.server.workdir])
  assert.match(up.stderr, /20240102000000_elevated\.sql/)
  assert.match((await diff()).stderr, /^No schema changes found$/m)
})

test('a migration that fails is named, and nothing is left behind', async () => {
  writeFileSync(join(folder(), '20990101000000_wrong.sql'), 'create table public.half (); select 1 / 0;')
  await assert.rejects(diff(), ({ code, stderr }) => code === 1 && /20990101000000_wrong\.sql.*division by zero/.test(stderr))
  const [{ count }] = await shared.database.rows("select count(*)::int from pg_database where datname like 'ferrobase_shadow%'")
  assert.equal(count, 0)
})
