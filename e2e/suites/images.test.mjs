// The client's `transform` option, with a picture that the test makes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, crc32 } from 'node:zlib'
import { admin, client, newUser, ok } from '../kit/client.mjs'
import { generous, world } from '../kit/world.mjs'

const shared = world({
  name: 'images',
  config: { ...generous },
  async prepare({ server, database }) {
    const { storage } = admin(server)
    ok(await storage.createBucket('site', { public: true }))
    ok(await storage.createBucket('files'))
    await database.rows(`create policy own_read on storage.objects for select to authenticated
      using (bucket_id = 'files' and (storage.foldername(name))[1] = (select auth.uid())::text)`)
    ok(await storage.from('site').upload('p.png', png(320, 200), { contentType: 'image/png' }))
  },
})

/** A PNG of one colour. */
function png(width, height) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data])
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    crc.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, crc])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const row = Buffer.concat([Buffer.alloc(1), Buffer.alloc(width * 3, Buffer.from([200, 30, 90]))])
  const rows = deflateSync(Buffer.concat(Array(height).fill(row)))
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))])
}

/** Width and height of a PNG. */
async function size(blob) {
  assert.equal(blob.type, 'image/png')
  const bytes = Buffer.from(await blob.arrayBuffer())
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

test('getPublicUrl', async () => {
  const site = client(shared.server).storage.from('site')
  const { publicUrl } = site.getPublicUrl('p.png', { transform: { width: 100, height: 50, resize: 'contain' } }).data
  assert.match(publicUrl, /\/render\/image\/public\/site\/p\.png\?/)
  assert.deepEqual(await size(await (await fetch(publicUrl)).blob()), [80, 50])
  const webp = await fetch(publicUrl, { headers: { accept: 'image/webp' } })
  assert.equal(webp.headers.get('content-type'), 'image/webp')
  const bytes = Buffer.from(await webp.arrayBuffer())
  assert.equal(bytes.toString('latin1', 8, 12), 'WEBP')
  const wrong = await fetch(publicUrl.replace('contain', 'bogus'))
  assert.equal((await wrong.json()).code, 'InvalidRequest')
})

test('download, under policies', async () => {
  const ann = await newUser(shared.server)
  const bob = await newUser(shared.server)
  const { data: { user } } = await ann.supabase.auth.getUser()
  const path = `${user.id}/p.png`
  ok(await admin(shared.server).storage.from('files').upload(path, png(40, 30), { contentType: 'image/png' }))
  const transform = { width: 20, height: 20, resize: 'cover', quality: 60 }
  assert.deepEqual(await size(ok(await ann.supabase.storage.from('files').download(path, { transform }))), [20, 20])
  const { error } = await bob.supabase.storage.from('files').download(path, { transform })
  assert.equal(error.code, 'NoSuchKey')
  assert.equal(error.statusCode, '404')
  const signed = ok(await ann.supabase.storage.from('files').createSignedUrl(path, 60, { transform: { width: 10, format: 'origin' } }))
  const answer = await fetch(`${signed.signedUrl}&width=40`, { headers: { accept: 'image/webp' } })
  assert.deepEqual(await size(await answer.blob()), [10, 8])
  assert.ok((await bob.supabase.storage.from('files').createSignedUrl(path, 60, { transform: { width: 10 } })).error)
})

test('what is no picture', async () => {
  const site = admin(shared.server).storage.from('site')
  ok(await site.upload('text', 'no picture'))
  const { error } = await site.download('text', { transform: { width: 10 } })
  assert.equal(error.message, 'The source image is invalid or unsupported for rendering')
})

test('twenty sizes at once', async () => {
  const site = admin(shared.server).storage.from('site')
  const sizes = await Promise.all(Array.from({ length: 20 }, async (_, n) => {
    const blob = ok(await site.download('p.png', { transform: { width: 10 + n, height: 10, resize: 'fill' } }))
    return (await size(blob)).join()
  }))
  assert.deepEqual(sizes, Array.from({ length: 20 }, (_, n) => `${10 + n},10`))
})
