// The storage rows of a hosted project move in: users, rows and policies by psql, and the server starts over them. The bytes
// stayed behind, so that a row without its blob answers as not found until somebody brings it; an older schema comes along as a whole.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'
import { Database } from '../kit/database.mjs'
import { admin, client, ok, password, signedIn } from '../kit/client.mjs'
import { makeProject, startServer } from '../kit/server.mjs'
import { assertNoPanic, generous } from '../kit/world.mjs'

const ann = '00000001-1111-4111-8111-111111111111'
const bea = '00000002-1111-4111-8111-111111111111'
const missing = 'The resource was not found'

let folder
let server
const as = (email) => signedIn(server, { email, password }).then(({ storage }) => storage)
const names = (list) => list.map((entry) => entry.name)

function load(database, path) {
  const file = fileURLToPath(new URL(path, import.meta.url))
  const { status, stderr } = spawnSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file, database], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

async function restarted(prepare) {
  await prepare()
  await server.stop()
  server = await startServer({ name: 'storage-dump', folder, ephemeral: false })
}

before(async () => {
  folder = makeProject('storage-dump', { ...generous, 'storage.file_size_limit': '20MB' })
  server = await startServer({ name: 'storage-dump', folder, ephemeral: false })
  // As the user of hosted projects, who is no superuser.
  await restarted(() => {
    for (const path of ['./dump/auth.sql', './dump/storage.sql', './dump/storage_policies.sql']) load(server.dbUrl, path)
  })
})
after(async () => {
  await server?.stop()
  if (server) assertNoPanic(server.log())
  if (folder) rmSync(folder, { recursive: true, force: true })
})

function failed({ data, error }, code, message) {
  assert.ok(error, `expected ${code}, got ${JSON.stringify(data)?.slice(0, 300)}`)
  assert.equal(error.code, code, error.message)
  if (message !== undefined) assert.equal(error.message, message)
}

describe('rows of a hosted project', () => {
  test('buckets have their settings', async () => {
    const storage = await as('ann@example.com')
    const buckets = ok(await storage.listBuckets({ sortColumn: 'id' }))
    assert.deepEqual(buckets.map(({ id, name, owner }) => [id, name, owner]), [['avatars', 'avatars', ''], ['papers', 'papers', ann], ['team-id', 'team', bea]])
    const avatars = ok(await storage.getBucket('avatars'))
    assert.deepEqual([avatars.public, avatars.file_size_limit, avatars.allowed_mime_types], [true, 1000000, ['image/png', 'image/*']])
    assert.equal(avatars.created_at, '2024-03-01T10:11:12.123Z')
    assert.deepEqual(ok(await client(server).storage.listBuckets()), [])
  })

  test('objects list under their policies', async () => {
    const [anns, beas, none] = [await as('ann@example.com'), await as('bea@example.com'), client(server).storage]
    assert.deepEqual(names(ok(await anns.from('papers').list())), [ann])
    assert.deepEqual(names(ok(await anns.from('papers').list(ann))), ['.emptyFolderPlaceholder', 'large.bin', 'notes'])
    assert.deepEqual(names(ok(await beas.from('papers').list(bea))), ['of 2022.txt', 'secret.txt'])
    assert.deepEqual(names(ok(await beas.from('papers').listV2()).objects), [`${bea}/of 2022.txt`, `${bea}/secret.txt`])
    assert.deepEqual(names(ok(await anns.from('team-id').list('minutes'))), ['no owner.txt', 'one.txt'])
    assert.deepEqual(ok(await none.from('papers').listV2()).objects, [])
    assert.deepEqual(names(ok(await none.from('avatars').list('ann'))), ['me.png'])
    const [row] = ok(await anns.from('papers').list(`${ann}/notes`))
    assert.deepEqual([row.id, row.created_at, row.metadata.size, row.metadata.eTag], ['00000002-4444-4444-8444-444444444444', '2024-03-01T10:11:12.123Z', 5, '"5d41402abc4b2a76b9719d911017c592"'])
    const info = ok(await anns.from('papers').info(`${ann}/notes/first.txt`))
    assert.deepEqual([info.metadata, info.contentType, info.cacheControl], [{ from: 'Ann' }, 'text/plain', 'max-age=3600'])
    failed(await anns.from('papers').info(`${bea}/secret.txt`), 'NoSuchKey', 'Object not found')
  })

  test('without their blob they are not found, in every way that reads bytes', async () => {
    const files = (await as('ann@example.com')).from('papers')
    for (const path of [`${ann}/notes/first.txt`, `${ann}/large.bin`, `${ann}/.emptyFolderPlaceholder`]) {
      failed(await files.download(path), 'NoSuchKey', missing)
    }
    failed(await admin(server).storage.from('papers').download(`${bea}/of 2022.txt`), 'NoSuchKey', missing)
    failed(await admin(server).storage.from('team-id').download('minutes/no owner.txt'), 'NoSuchKey', missing)
    failed(await files.copy(`${ann}/notes/first.txt`, `${ann}/copy.txt`), 'NoSuchKey')
    failed(await files.move(`${ann}/notes/first.txt`, `${ann}/moved.txt`), 'NoSuchKey')
    const { signedUrl } = ok(await files.createSignedUrl(`${ann}/notes/first.txt`, 60))
    for (const url of [signedUrl, client(server).storage.from('avatars').getPublicUrl('ann/me.png').data.publicUrl]) {
      const answer = await fetch(url)
      assert.deepEqual([answer.status, (await answer.json()).code, answer.headers.get('cache-control')], [400, 'NoSuchKey', 'no-store'])
    }
    // The row is as it was.
    assert.deepEqual(names(ok(await files.list(`${ann}/notes`))), ['first.txt'])
  })

  test('their owner brings the bytes, changes and removes them; others do not', async () => {
    const [anns, beas] = [(await as('ann@example.com')).from('papers'), (await as('bea@example.com')).from('papers')]
    const path = `${ann}/notes/first.txt`
    const { id } = ok(await anns.upload(path, 'hello', { upsert: true, contentType: 'text/plain' }))
    assert.equal(id, '00000002-4444-4444-8444-444444444444')
    assert.equal(await ok(await anns.download(path)).text(), 'hello')
    failed(await beas.update(path, 'x'), 'AccessDenied')
    assert.deepEqual(ok(await beas.remove([path])), [])
    ok(await anns.move(path, `${ann}/notes/second.txt`))
    assert.equal(await ok(await anns.download(`${ann}/notes/second.txt`)).text(), 'hello')
    assert.deepEqual(names(ok(await anns.remove([`${ann}/large.bin`, `${ann}/notes/second.txt`]))).sort(), [`${ann}/large.bin`, `${ann}/notes/second.txt`])
    const { storage } = admin(server)
    ok(await storage.from('papers').update(`${bea}/of 2022.txt`, 'brought'))
    assert.equal(await ok(await beas.download(`${bea}/of 2022.txt`)).text(), 'brought')
  })

  test('an upload in parts from before holds its bucket until it is removed', async () => {
    const { storage } = admin(server)
    ok(await storage.emptyBucket('papers'))
    failed(await storage.deleteBucket('papers'), 'ResourceReferenced')
    ok(await storage.emptyBucket('team-id'))
    ok(await storage.deleteBucket('team-id'))
  })

  test('known migrations stay as they are, newer ones are added', async () => {
    const database = await Database.connect(server)
    const [row] = await database.rows('select count(*)::int as all, max(id) as last, count(*) filter (where executed_at < $1)::int as moved from storage.migrations', ['2025-01-01'])
    assert.deepEqual(row, { all: 66, last: 65, moved: 2 })
    await database.end()
  })
})

/** Takes storage out, as if it had never been there, and puts a dumped schema with its rows in. */
function moveIn(schema) {
  // By the socket, as the superuser, who restores schemas with owners.
  const socket = join(folder, 'supabase', '.ferrobase', 'run', 'pg')
  const database = `host=${socket} port=${new URL(server.dbUrl).port} user=supabase_admin dbname=postgres`
  const gone = "drop schema storage cascade; delete from _ferrobase.migrations where service = 'storage'"
  assert.equal(spawnSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', gone, database]).status, 0)
  load(database, schema)
}

test('a dump of an older schema with its rows and its table of folders', async () => {
  await restarted(() => moveIn('./dump/storage_2025.sql'))
  const anns = (await as('ann@example.com')).from('papers')
  assert.deepEqual(names(ok(await anns.list(ann))), ['deep', 'top.txt'])
  assert.deepEqual(names(ok(await anns.list(`${ann}/deep`))), ['er'])
  failed(await anns.download(`${ann}/top.txt`), 'NoSuchKey', missing)
  ok(await anns.upload(`${ann}/deep/new.txt`, 'new'))
  assert.equal(await ok(await anns.download(`${ann}/deep/new.txt`)).text(), 'new')
  assert.deepEqual(names(ok(await anns.list(`${ann}/deep`))), ['er', 'new.txt'])
  ok(await anns.remove([`${ann}/deep/er/one.txt`, `${ann}/deep/new.txt`]))
  // No row of the old table of folders keeps one alive.
  assert.deepEqual(names(ok(await anns.list(ann))), ['top.txt'])
  const { storage } = admin(server)
  ok(await storage.emptyBucket('papers'))
  ok(await storage.deleteBucket('papers'))
})
