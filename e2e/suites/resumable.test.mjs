// Resumable uploads with the official client of the protocol: the connection cut three times and the server killed once, and
// the object is the file. `RESUMABLE_MEGABYTES` sets the size.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import * as tus from 'tus-js-client'
import { accessToken, admin, newUser, ok } from '../kit/client.mjs'
import { cuttable, troubled } from '../kit/relay.mjs'
import { makeProject, memory, sleep, startServer } from '../kit/server.mjs'
import { assertNoPanic, generous } from '../kit/world.mjs'

const megabytes = Number(process.env.RESUMABLE_MEGABYTES ?? 60)
const policies = `
  create policy own on storage.objects for all to authenticated
    using (bucket_id = 'files' and (storage.foldername(name))[1] = (select auth.uid())::text)
    with check (bucket_id = 'files' and (storage.foldername(name))[1] = (select auth.uid())::text);
`
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

let folder
let server
let proxy

const start = () => startServer({ name: 'resumable', folder, ephemeral: false })

before(async () => {
  folder = makeProject('resumable', { ...generous, 'storage.file_size_limit': '500MB', 'storage.buckets.files.public': false })
  server = await start()
  const database = new pg.Client({ connectionString: server.dbUrl })
  await database.connect()
  await database.query(policies)
  await database.end()
  proxy = await cuttable(() => Number(new URL(server.apiUrl).port))
})
after(async () => {
  proxy?.close()
  await server?.stop()
  if (server) assertNoPanic(server.log())
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** An upload as Supabase's guide makes it. */
function upload({ bytes, token, objectName, endpoint = '/storage/v1/upload/resumable', headers = {}, options = {} }) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(bytes, {
      endpoint: `${proxy.url}${endpoint}`,
      retryDelays: [0, 100, 200, 500, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000],
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
      uploadDataDuringCreation: true,
      removeFingerprintOnSuccess: true,
      metadata: {
        bucketName: 'files', objectName, contentType: 'application/x-test', cacheControl: '3600',
        metadata: JSON.stringify({ from: 'tus' }),
      },
      onSuccess: () => resolve(upload),
      onError: reject,
      ...options,
    })
    upload.start()
  })
}

async function assertIs(objectName, bytes) {
  const { storage } = admin(server)
  const info = ok(await storage.from('files').info(objectName))
  assert.equal(info.size, bytes.length)
  assert.equal(info.contentType, 'application/x-test')
  assert.equal(info.cacheControl, 'max-age=3600')
  assert.deepEqual(info.metadata, { from: 'tus' })
  assert.equal(info.etag, `"${createHash('md5').update(bytes).digest('hex')}"`)
  const blob = ok(await storage.from('files').download(objectName))
  assert.equal(sha256(Buffer.from(await blob.arrayBuffer())), sha256(bytes))
}

describe('tus-js-client', () => {
  for (const [how, options] of [
    ['parts of 6 MiB', { chunkSize: 6 * 1024 * 1024 }],
    ['one part', { uploadDataDuringCreation: false }],
  ]) {
    test(`${megabytes} MB in ${how}: three cuts, one kill`, { timeout: 300_000 }, async () => {
      const { supabase, id } = await newUser(server)
      const token = await accessToken(supabase)
      const bytes = randomBytes(megabytes * 1_000_000)
      const objectName = `${id}/large.bin`
      const begun = Date.now()
      const trouble = troubled(proxy, bytes.length, async () => {
        server.child.kill('SIGKILL')
        await server.exited
        server = await start()
      })
      const done = await upload({ bytes, token, objectName, options })
      await trouble.settled()
      assert.deepEqual(trouble.came, { cuts: 3, kills: 1 })
      console.log(`# ${megabytes} MB in ${how}: ${Date.now() - begun} ms, ${(trouble.sent() / 1e6).toFixed(1)} MB sent, ${memory(server)}`)
      assert.ok(done.url.includes('/storage/v1/upload/resumable/'))
      await assertIs(objectName, bytes)
      const blobs = join(folder, 'supabase', '.ferrobase', 'storage')
      assert.deepEqual(readdirSync(join(blobs, 'pending')), [])
      ok(await admin(server).storage.from('files').remove([objectName]))
    })
  }

  test('a user cannot upload into the folder of another', async () => {
    const [{ supabase }, other] = [await newUser(server), await newUser(server)]
    const refused = upload({ bytes: Buffer.from('x'), options: { retryDelays: null }, token: await accessToken(supabase), objectName: `${other.id}/x` })
    const error = await refused.then(() => assert.fail('not refused'), (error) => error)
    assert.equal(error.originalResponse.getStatus(), 403)
    assert.equal(error.originalResponse.getBody(), 'new row violates row-level security policy')
  })

  test('a signed upload needs no token', async () => {
    const objectName = 'signed/file.bin'
    const { token } = ok(await admin(server).storage.from('files').createSignedUploadUrl(objectName))
    const bytes = randomBytes(100_000)
    await upload({ bytes, objectName, endpoint: '/storage/v1/upload/resumable/sign', headers: { 'x-signature': token }, options: { chunkSize: 30_000 } })
    await assertIs(objectName, bytes)
  })

  test('x-upsert replaces, and without it the key is taken', async () => {
    const objectName = 'replaced.bin'
    const token = server.serviceKey
    await upload({ bytes: randomBytes(1000), token, objectName })
    const error = await upload({ bytes: randomBytes(1000), token, objectName, options: { retryDelays: null } }).then(() => assert.fail('not refused'), (error) => error)
    assert.equal(error.originalResponse.getStatus(), 409)
    const bytes = randomBytes(2000)
    await upload({ bytes, token, objectName, headers: { 'x-upsert': 'true' } })
    await assertIs(objectName, bytes)
  })

  test('abort with termination leaves nothing', async () => {
    const bytes = randomBytes(2_000_000)
    const ended = new tus.Upload(bytes, {
      endpoint: `${proxy.url}/storage/v1/upload/resumable`,
      headers: { authorization: `Bearer ${server.serviceKey}` },
      chunkSize: 500_000,
      metadata: { bucketName: 'files', objectName: 'ended.bin' },
    })
    const part = new Promise((done) => { ended.options.onChunkComplete = done })
    ended.start()
    await part
    await ended.abort(true)
    const answer = await fetch(ended.url ?? `${proxy.url}/storage/v1/upload/resumable/none`, { method: 'HEAD', headers: { authorization: `Bearer ${server.serviceKey}`, 'tus-resumable': '1.0.0' } })
    assert.equal(answer.status, 404)
    await sleep(500)
    const { data } = await admin(server).storage.from('files').exists('ended.bin')
    assert.equal(data, false)
  })
})
