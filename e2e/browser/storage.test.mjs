// An upload, its preview and its download as a person sees them: the official client in a page.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { deflateSync, crc32 } from 'node:zlib'
import { complaintsOf, launch, screenshot } from '../kit/browser.mjs'
import { admin, newUser, ok, session } from '../kit/client.mjs'
import { generous, world } from '../kit/world.mjs'

const policy = `create policy own on storage.objects for all to authenticated
  using (bucket_id = 'photos' and (storage.foldername(name))[1] = (select auth.uid())::text)`
const shared = world({
  name: 'browser-storage',
  config: { ...generous, 'storage.buckets.photos.allowed_mime_types': ['image/png'] },
  prepare: ({ database }) => database.rows(policy),
})

const bundle = readFileSync(new URL('../node_modules/@supabase/supabase-js/dist/umd/supabase.js', import.meta.url))
const html = (settings) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Photos</title><link rel="icon" href="data:,">
<h1>Photos</h1><p><input id="file" type="file"> <output id="told"></output></p>
<p><img id="preview" alt=""> <a id="download">Download</a></p><ul id="list"></ul>
<script src="/supabase.js"></script>
<script>
  const { url, key, token, user } = ${JSON.stringify(settings)}
  const client = supabase.createClient(url, key, { accessToken: async () => token })
  const photos = client.storage.from('photos')
  const at = (id) => document.getElementById(id)
  at('file').onchange = async () => {
    const [file] = at('file').files
    const path = user + '/' + file.name
    const { error } = await photos.upload(path, file)
    if (error) return void (at('told').textContent = error.message)
    const { data: list } = await photos.list(user)
    at('list').innerHTML = list.map((entry) => '<li>' + entry.name + ': ' + entry.metadata.size + '</li>').join('')
    const blob = (await photos.download(path)).data
    const signed = (await photos.createSignedUrl(path, 60, { download: 'mine.png' })).data.signedUrl
    at('preview').src = URL.createObjectURL(blob)
    at('download').href = signed
    at('told').textContent = 'uploaded'
  }
</script></html>`

let app, browser, page, complaints, user
before(async () => {
  app = createServer((request, response) => {
    const isScript = request.url === '/supabase.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? bundle : html({
      url: shared.server.apiUrl, key: shared.server.anonKey, token: user.token, user: user.id,
    }))
  })
  await new Promise((done) => app.listen(0, '127.0.0.1', done))
  browser = await launch()
})
after(async () => {
  await browser?.close()
  app?.close()
})

function png(width, height) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data])
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    check.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, check])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const rows = Buffer.alloc((width * 3 + 1) * height, 90)
  for (let row = 0; row < height; row++) rows[row * (width * 3 + 1)] = 0
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([magic, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

test('a picture goes up, is seen and comes down', { timeout: 60_000 }, async () => {
  const made = await newUser(shared.server)
  user = { id: made.id, token: (await session(made.supabase)).access_token }
  page = await browser.newPage({ viewport: { width: 800, height: 500 } })
  complaints = complaintsOf(page)
  await page.goto(`http://127.0.0.1:${app.address().port}/`)
  const picture = png(320, 200)
  await page.locator('#file').setInputFiles({ name: 'cat.png', mimeType: 'image/png', buffer: picture })
  await page.locator('#told', { hasText: 'uploaded' }).waitFor({ timeout: 15_000 })
  await page.waitForFunction(() => document.getElementById('preview').naturalWidth === 320)
  assert.equal(await page.locator('#list li').innerText(), `cat.png: ${picture.length}`)
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#download').click()])
  assert.equal(download.suggestedFilename(), 'mine.png')
  assert.ok(readFileSync(await download.path()).equals(picture))
  await screenshot(page, 'storage')
  const stored = ok(await admin(shared.server).storage.from('photos').download(`${user.id}/cat.png`))
  assert.ok(Buffer.from(await stored.arrayBuffer()).equals(picture))
  assert.deepEqual(complaints, [])

  await page.locator('#file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') })
  await page.locator('#told', { hasText: 'mime type text/plain is not supported' }).waitFor({ timeout: 15_000 })
  assert.equal(complaints.length, 1, complaints.join())
})
