// Every method of the client's Storage reference that this version serves, with a folder for each user.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { admin, client, newUser, ok } from '../kit/client.mjs'
import { generous, world } from '../kit/world.mjs'

const policies = `
  create policy own_read on storage.objects for select to authenticated
    using (bucket_id = 'files' and (storage.foldername(name))[1] = (select auth.uid())::text);
  create policy own_insert on storage.objects for insert to authenticated
    with check (bucket_id = 'files' and (storage.foldername(name))[1] = (select auth.uid())::text);
  create policy own_update on storage.objects for update to authenticated
    using (bucket_id = 'files' and (storage.foldername(name))[1] = (select auth.uid())::text);
  create policy own_delete on storage.objects for delete to authenticated
    using (bucket_id = 'files' and (storage.foldername(name))[1] = (select auth.uid())::text);
`
const shared = world({
  name: 'storage',
  config: {
    ...generous,
    'storage.file_size_limit': '20MiB',
    'storage.buckets.site.public': true,
    'storage.buckets.site.allowed_mime_types': ['image/png', 'text/*'],
  },
  async prepare({ server, database }) {
    await database.rows(policies)
    ok(await admin(server).storage.createBucket('files', { public: false, fileSizeLimit: '10MB' }))
  },
})

/** Asserts that the client saw this error. */
function failed({ data, error }, code, statusCode, message) {
  assert.ok(error, `expected ${code}, got ${JSON.stringify(data)?.slice(0, 300)}`)
  assert.equal(error.statusCode, statusCode, error.message)
  assert.equal(error.code, code, error.message)
  if (message !== undefined) assert.equal(error.message, message)
  return error
}
const denied = (answer) => failed(answer, 'AccessDenied', '403', 'new row violates row-level security policy')
const missing = (answer) => failed(answer, 'NoSuchKey', '404', 'Object not found')
const text = async (answer) => (await ok(answer)).text()
const names = (list) => list.map((entry) => entry.name)

describe('buckets', () => {
  test('create, get, list, update, empty, delete', async () => {
    const { storage } = admin(shared.server)
    assert.deepEqual(ok(await storage.createBucket('made', { public: true, fileSizeLimit: 1000, allowedMimeTypes: ['image/png'] })), { name: 'made' })
    failed(await storage.createBucket('made'), 'BucketAlreadyExists', '409', 'The resource already exists')
    const bucket = ok(await storage.getBucket('made'))
    assert.equal(bucket.public, true)
    assert.equal(bucket.file_size_limit, 1000)
    assert.deepEqual(bucket.allowed_mime_types, ['image/png'])
    ok(await storage.updateBucket('made', { public: false, fileSizeLimit: null, allowedMimeTypes: null }))
    const changed = ok(await storage.getBucket('made'))
    assert.deepEqual([changed.public, changed.file_size_limit, changed.allowed_mime_types], [false, null, null])
    assert.deepEqual(names(ok(await storage.listBuckets({ search: 'AD', sortColumn: 'name' }))), ['made'])
    assert.ok(names(ok(await storage.listBuckets())).includes('site'))

    ok(await storage.from('made').upload('a/b.txt', 'hello'))
    failed(await storage.deleteBucket('made'), 'ResourceNotEmpty', '409', 'The bucket you tried to delete is not empty')
    ok(await storage.emptyBucket('made'))
    assert.deepEqual(ok(await storage.from('made').list()), [])
    ok(await storage.purgeBucketCache('made'))
    ok(await storage.deleteBucket('made'))
    failed(await storage.getBucket('made'), 'NoSuchBucket', '404', 'Bucket not found')
  })

  test('are closed to others', async () => {
    const { supabase } = await newUser(shared.server)
    for (const { storage } of [supabase, client(shared.server)]) {
      assert.deepEqual(ok(await storage.listBuckets()), [])
      failed(await storage.getBucket('files'), 'NoSuchBucket', '404')
      denied(await storage.createBucket('theirs'))
      failed(await storage.updateBucket('files', { public: true }), 'NoSuchBucket', '404')
      failed(await storage.deleteBucket('site'), 'NoSuchBucket', '404')
      const error = failed(await storage.emptyBucket('files'), 'AccessDenied', '403', 'Access denied: Invalid role')
      assert.equal(error.status, 403)
    }
  })
})

describe('a user\'s folder', () => {
  test('upload, download, update, info, exists, list', async () => {
    const { supabase, id } = await newUser(shared.server)
    const files = supabase.storage.from('files')
    const path = `${id}/notes/first.txt`
    const uploaded = ok(await files.upload(path, new Blob(['hello'], { type: 'text/plain' }), { cacheControl: '60', metadata: { from: 'Ann' } }))
    assert.equal(uploaded.path, path)
    assert.equal(uploaded.fullPath, `files/${path}`)
    assert.match(uploaded.id, /^[0-9a-f-]{36}$/)
    assert.equal(await text(await files.download(path)), 'hello')
    const info = ok(await files.info(path))
    assert.deepEqual(
      [info.size, info.contentType, info.cacheControl, info.metadata, info.name, info.bucketId, info.id],
      [5, 'text/plain', 'max-age=60', { from: 'Ann' }, path, 'files', uploaded.id],
    )
    assert.equal(ok(await files.exists(path)), true)
    assert.equal((await files.exists(`${id}/nothing`)).data, false)

    failed(await files.upload(path, 'again'), 'KeyAlreadyExists', '409', 'The resource already exists')
    assert.equal(ok(await files.upload(path, 'second', { upsert: true, contentType: 'text/plain' })).id, uploaded.id)
    ok(await files.update(path, new Blob(['third'], { type: 'text/markdown' })))
    assert.equal(await text(await files.download(path)), 'third')
    assert.notEqual(ok(await files.info(path)).version, info.version)

    for (const name of ['b.txt', 'a.txt', 'notes/z.txt']) ok(await files.upload(`${id}/${name}`, name))
    assert.deepEqual(names(ok(await files.list(id))), ['a.txt', 'b.txt', 'notes'])
    assert.deepEqual(names(ok(await files.list(id, { limit: 1, offset: 1, sortBy: { column: 'name', order: 'desc' } }))), ['b.txt'])
    assert.deepEqual(names(ok(await files.list(`${id}/notes`, { search: 'fi' }))), ['first.txt'])
    const [folder] = ok(await files.list(''))
    assert.deepEqual([folder.name, folder.id], [id, null])
  })

  test('listV2 pages through folders and files', async () => {
    const { supabase, id } = await newUser(shared.server)
    const files = supabase.storage.from('files')
    for (const name of ['a.txt', 'b/1.txt', 'b/2.txt', 'c.txt', 'd/3.txt']) ok(await files.upload(`${id}/${name}`, name))
    const seen = { folders: [], objects: [] }
    let cursor
    do {
      const page = ok(await files.listV2({ prefix: `${id}/`, limit: 2, with_delimiter: true, cursor }))
      seen.folders.push(...names(page.folders))
      seen.objects.push(...names(page.objects))
      cursor = page.hasNext ? page.nextCursor : undefined
    } while (cursor)
    assert.deepEqual(seen, { folders: [`${id}/b/`, `${id}/d/`], objects: [`${id}/a.txt`, `${id}/c.txt`] })
    const newest = ok(await files.listV2({ prefix: `${id}/`, sortBy: { column: 'created_at', order: 'desc' } }))
    assert.deepEqual(names(newest.objects).map((name) => name.slice(id.length + 1)), ['d/3.txt', 'c.txt', 'b/2.txt', 'b/1.txt', 'a.txt'])
  })

  test('move, copy, remove', async () => {
    const { supabase, id } = await newUser(shared.server)
    const files = supabase.storage.from('files')
    ok(await files.upload(`${id}/a.txt`, 'content', { metadata: { n: 1 } }))
    assert.equal(ok(await files.copy(`${id}/a.txt`, `${id}/copies/a.txt`)).path, `files/${id}/copies/a.txt`)
    assert.deepEqual(ok(await files.info(`${id}/copies/a.txt`)).metadata, { n: 1 })
    ok(await files.move(`${id}/a.txt`, `${id}/b.txt`))
    missing(await files.download(`${id}/a.txt`))
    assert.equal(await text(await files.download(`${id}/b.txt`)), 'content')
    failed(await files.move(`${id}/b.txt`, `${id}/copies/a.txt`), 'ResourceAlreadyExists', '409', 'The resource already exists')
    missing(await files.move(`${id}/nothing`, `${id}/c.txt`))
    const removed = ok(await files.remove([`${id}/b.txt`, `${id}/copies/a.txt`, `${id}/nothing`]))
    assert.deepEqual(names(removed).sort(), [`${id}/b.txt`, `${id}/copies/a.txt`])
    assert.deepEqual(ok(await files.list(id)), [])
  })

  test('is closed to others', async () => {
    const ann = await newUser(shared.server, 'ann')
    const ben = await newUser(shared.server, 'ben')
    const path = `${ann.id}/secret.txt`
    ok(await ann.supabase.storage.from('files').upload(path, 'secret'))
    for (const supabase of [ben.supabase, client(shared.server)]) {
      const files = supabase.storage.from('files')
      missing(await files.download(path))
      missing(await files.info(path))
      assert.equal((await files.exists(path)).data, false)
      denied(await files.upload(`${ann.id}/planted.txt`, 'x'))
      denied(await files.upload(path, 'x', { upsert: true }))
      denied(await files.update(path, 'x'))
      missing(await files.move(path, `${ben.id}/taken.txt`))
      missing(await files.copy(path, `${ben.id}/taken.txt`))
      missing(await files.createSignedUrl(path, 60))
      assert.equal(ok(await files.createSignedUrls([path], 60))[0].signedUrl, null)
      denied(await files.createSignedUploadUrl(`${ann.id}/planted.txt`))
      assert.deepEqual(ok(await files.remove([path])), [])
      assert.deepEqual(ok(await files.list(ann.id)), [])
      assert.deepEqual(ok(await files.listV2()).objects, [])
    }
    // Nor can its owner give it away.
    denied(await ann.supabase.storage.from('files').move(path, `${ben.id}/gift.txt`))
    denied(await ann.supabase.storage.from('files').copy(path, `${ben.id}/gift.txt`))
    assert.equal(await text(await ann.supabase.storage.from('files').download(path)), 'secret')
  })
})

describe('URLs', () => {
  test('signed ones open one object for a while', async () => {
    const { supabase, id } = await newUser(shared.server)
    const files = supabase.storage.from('files')
    const path = `${id}/a b & c.txt`
    ok(await files.upload(path, 'shared', { contentType: 'text/plain' }))
    const { signedUrl } = ok(await files.createSignedUrl(path, 60, { download: 'name.txt' }))
    const answer = await fetch(signedUrl)
    assert.equal(await answer.text(), 'shared')
    assert.match(answer.headers.get('content-disposition'), /filename=name\.txt/)
    assert.ok(answer.headers.get('expires'))

    const several = ok(await files.createSignedUrls([path, `${id}/nothing`], 60))
    assert.equal(await (await fetch(several[0].signedUrl)).text(), 'shared')
    assert.match(several[1].error, /does not exist/)

    const short = ok(await files.createSignedUrl(path, 1)).signedUrl
    await new Promise((done) => setTimeout(done, 2100))
    const late = await fetch(short)
    assert.deepEqual([late.status, (await late.json()).message], [400, '"exp" claim timestamp check failed'])
    const forged = await fetch(signedUrl.replace('a%20b', 'b%20b'))
    assert.equal((await forged.json()).code, 'InvalidSignature')
  })

  test('signed ones for an upload by somebody else', async () => {
    const { supabase, id } = await newUser(shared.server)
    const files = supabase.storage.from('files')
    const { token, path } = ok(await files.createSignedUploadUrl(`${id}/from-outside.txt`))
    const stranger = client(shared.server).storage.from('files')
    ok(await stranger.uploadToSignedUrl(path, token, new Blob(['sent'], { type: 'text/plain' })))
    assert.equal(await text(await files.download(path)), 'sent')
    const [row] = await shared.database.rows('select owner_id from storage.objects where name = $1', [path])
    assert.equal(row.owner_id, id)
    failed(await stranger.uploadToSignedUrl(path, token, 'again'), 'KeyAlreadyExists', '409')
    const upsert = ok(await files.createSignedUploadUrl(path, { upsert: true }))
    ok(await stranger.uploadToSignedUrl(path, upsert.token, 'again', { contentType: 'text/plain' }))
    assert.equal(await text(await files.download(path)), 'again')
  })

  test('public ones need no key', async () => {
    const site = admin(shared.server).storage.from('site')
    ok(await site.upload('pages/index.txt', 'welcome', { contentType: 'text/plain', upsert: true, cacheControl: '3600' }))
    const { publicUrl } = site.getPublicUrl('pages/index.txt').data
    const answer = await fetch(publicUrl, { headers: { origin: 'https://app.example.com' } })
    assert.equal(await answer.text(), 'welcome')
    assert.equal(answer.headers.get('cache-control'), 'max-age=3600')
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
    const again = await fetch(publicUrl, { headers: { 'if-none-match': answer.headers.get('etag') } })
    assert.equal(again.status, 304)
    const named = await fetch(site.getPublicUrl('pages/index.txt', { download: true }).data.publicUrl)
    assert.equal(named.headers.get('content-disposition'), 'attachment;')
    const private_ = await fetch(admin(shared.server).storage.from('files').getPublicUrl('any').data.publicUrl)
    assert.equal((await private_.json()).code, 'NoSuchBucket')
    ok(await site.purgeCache('pages/index.txt'))
  })
})

describe('bodies', () => {
  test('of every kind that the client takes', async () => {
    const site = admin(shared.server).storage.from('files')
    const bytes = randomBytes(300_000)
    const form = new FormData()
    form.append('cacheControl', '5')
    form.append('', new Blob([bytes], { type: 'application/octet-stream' }))
    const stream = () => new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 50_000) controller.enqueue(bytes.subarray(at, at + 50_000))
        controller.close()
      },
    })
    const kinds = {
      buffer: bytes, array: new Uint8Array(bytes).buffer, view: new Uint8Array(bytes), blob: new Blob([bytes]), file: new File([bytes], 'f.bin'),
      form, stream: stream(), params: new URLSearchParams({ a: '1 2' }), text: 'ä€😀',
    }
    for (const [kind, body] of Object.entries(kinds)) {
      ok(await site.upload(`kinds/${kind}`, body, { upsert: true, ...(kind === 'stream' ? { duplex: 'half' } : {}) }))
      const stored = Buffer.from(await ok(await site.download(`kinds/${kind}`)).arrayBuffer())
      const wanted = kind === 'params' ? Buffer.from('a=1+2') : kind === 'text' ? Buffer.from(body) : bytes
      assert.ok(stored.equals(wanted), kind)
    }
  })

  test('too large or of another type', async () => {
    const files = admin(shared.server).storage.from('files')
    const site = admin(shared.server).storage.from('site')
    const large = Buffer.alloc(10_000_001)
    failed(await files.upload('large', large), 'EntityTooLarge', '413', 'The object exceeded the maximum allowed size')
    failed(await files.upload('large', new Blob([large])), 'EntityTooLarge', '413')
    failed(await site.upload('a.pdf', new Blob(['x'], { type: 'application/pdf' })), 'InvalidMimeType', '415', 'mime type application/pdf is not supported')
    failed(await files.upload('ümlaut', 'x'), 'InvalidKey', '400', 'Invalid key: ümlaut')
    missing(await files.download('large'))
  })

  test('are streamed back', async () => {
    const files = admin(shared.server).storage.from('files')
    const bytes = randomBytes(9_000_000)
    ok(await files.upload('stream.bin', bytes, { upsert: true }))
    const hash = createHash('sha256')
    for await (const chunk of ok(await files.download('stream.bin').asStream())) hash.update(chunk)
    assert.equal(hash.digest('hex'), createHash('sha256').update(bytes).digest('hex'))
  })
})

test('new keys (sb_…) work as well', async () => {
  const { secretKey, publishableKey } = shared.server
  const { storage } = admin(shared.server, secretKey)
  assert.ok(names(ok(await storage.listBuckets())).includes('files'))
  ok(await storage.from('site').upload('by-key.txt', 'x', { upsert: true, contentType: 'text/plain' }))
  const anonymous = client(shared.server, { key: publishableKey }).storage
  assert.deepEqual(ok(await anonymous.listBuckets()), [])
  assert.equal(await text(await anonymous.from('site').download('by-key.txt')), 'x')
})

test('headers of the client\'s own, and errors that are thrown', async () => {
  const files = admin(shared.server).storage.from('files')
  ok(await files.upload('headers.txt', 'hello', { upsert: true }))
  assert.equal(await text(await admin(shared.server).storage.from('files').setHeader('range', 'bytes=1-2').download('headers.txt')), 'el')
  await assert.rejects(async () => files.throwOnError().download('nothing'), { code: 'NoSuchKey', statusCode: '404' })
})

describe('what is not served says so', () => {
  const refused = (answer, what) => failed(answer, 'NotSupported', '409', `${what} are not supported by this server`)

  test('life cycles', async () => {
    const { storage } = admin(shared.server)
    refused(await storage.getBucketLifecycle('site'), 'Lifecycle rules')
    refused(await storage.updateBucketLifecycle('site', { rules: [] }), 'Lifecycle rules')
    refused(await storage.deleteBucketLifecycle('site'), 'Lifecycle rules')
  })

  test('analytics', async () => {
    const { analytics } = admin(shared.server).storage
    refused(await analytics.createBucket('lake'), 'Analytics buckets')
    refused(await analytics.listBuckets(), 'Analytics buckets')
    refused(await analytics.deleteBucket('lake'), 'Analytics buckets')
    const { error } = await analytics.from('lake').listNamespaces()
    assert.match(error.message, /Analytics buckets are not supported/)
  })

  test('vectors', async () => {
    const { vectors } = admin(shared.server).storage
    const bucket = vectors.from('any')
    const index = bucket.index('any')
    const asked = [
      () => vectors.createBucket('any'), () => vectors.getBucket('any'), () => vectors.listBuckets(), () => vectors.deleteBucket('any'),
      () => bucket.createIndex({ indexName: 'any', dataType: 'float32', dimension: 3, distanceMetric: 'cosine' }),
      () => bucket.listIndexes(), () => bucket.getIndex('any'), () => bucket.deleteIndex('any'),
      () => index.putVectors({ vectors: [{ key: 'a', data: { float32: [1, 2, 3] } }] }), () => index.getVectors({ keys: ['a'] }),
      () => index.listVectors(), () => index.queryVectors({ queryVector: { float32: [1, 2, 3] }, topK: 1 }), () => index.deleteVectors({ keys: ['a'] }),
    ]
    for (const ask of asked) refused(await ask(), 'Vector buckets')
  })
})
