// Two people in a room, each in a page of their own: who is there, and where the other one's cursor is.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { complaintsOf, launch, screenshot } from '../kit/browser.mjs'
import { generous, world } from '../kit/world.mjs'

const shared = world({ name: 'browser-realtime', config: generous })
const bundle = readFileSync(new URL('../node_modules/@supabase/supabase-js/dist/umd/supabase.js', import.meta.url))
const html = ({ url, key, name }) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}'s page</title><link rel="icon" href="data:,">
<style>
  body { font: 16px sans-serif; margin: 1em } #board { position: relative; width: 600px; height: 300px; border: 2px solid #888; background: #f4f4f8 }
  .cursor { position: absolute; padding: 2px 6px; border-radius: 0 8px 8px 8px; background: #2a7; color: #fff }
</style>
<h1>${name}'s page</h1><p>Status: <output id="status">…</output>. Here: <output id="here"></output></p><div id="board"></div>
<script src="/supabase.js"></script>
<script>
  const me = ${JSON.stringify(name)}
  const client = supabase.createClient(${JSON.stringify(url)}, ${JSON.stringify(key)})
  const at = (id) => document.getElementById(id)
  const room = client.channel('board', { config: { presence: { key: me } } })
  room.on('presence', { event: 'sync' }, () => { at('here').textContent = Object.keys(room.presenceState()).sort().join(', ') })
  room.on('presence', { event: 'leave' }, ({ key }) => at('cursor-' + key)?.remove())
  room.on('broadcast', { event: 'cursor' }, ({ payload }) => {
    let cursor = at('cursor-' + payload.who)
    if (!cursor) {
      cursor = Object.assign(document.createElement('div'), { id: 'cursor-' + payload.who, className: 'cursor', textContent: payload.who })
      at('board').append(cursor)
    }
    cursor.style.left = payload.x + 'px'
    cursor.style.top = payload.y + 'px'
  })
  room.subscribe(async (status) => {
    at('status').textContent = status
    if (status === 'SUBSCRIBED') await room.track({ since: Date.now() })
  })
  at('board').onmousemove = (event) => {
    const box = at('board').getBoundingClientRect()
    room.send({ type: 'broadcast', event: 'cursor', payload: { who: me, x: event.clientX - box.left, y: event.clientY - box.top } })
  }
</script></html>`

let app, browser
before(async () => {
  app = createServer((request, response) => {
    const isScript = request.url === '/supabase.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    const name = request.url.slice(1)
    response.end(isScript ? bundle : html({ url: shared.server.apiUrl, key: shared.server.anonKey, name }))
  })
  await new Promise((done) => app.listen(0, '127.0.0.1', done))
  browser = await launch()
})
after(async () => {
  await browser?.close()
  app?.close()
})

test('presence and cursors', async () => {
  const base = `http://127.0.0.1:${app.address().port}`
  const open = async (name) => {
    const page = await (await browser.newContext({ viewport: { width: 700, height: 480 } })).newPage()
    const complaints = complaintsOf(page)
    await page.goto(`${base}/${name}`)
    await page.waitForFunction(() => document.getElementById('status').textContent === 'SUBSCRIBED')
    return { page, complaints }
  }
  const [ann, bob] = [await open('Ann'), await open('Bob')]
  const here = (page, names) => page.waitForFunction((wanted) => document.getElementById('here').textContent === wanted, names)
  for (const { page } of [ann, bob]) await here(page, 'Ann, Bob')
  const move = async (page, x, y) => {
    const box = await page.locator('#board').boundingBox()
    await page.mouse.move(box.x + x, box.y + y, { steps: 10 })
  }
  const sees = (page, name, x, y) => page.waitForFunction(([id, left, top]) => {
    const style = document.getElementById(id)?.style
    return style && Math.abs(parseFloat(style.left) - left) < 3 && Math.abs(parseFloat(style.top) - top) < 3
  }, [`cursor-${name}`, x, y])
  await move(ann.page, 120, 80)
  await move(bob.page, 400, 200)
  await sees(bob.page, 'Ann', 120, 80)
  await sees(ann.page, 'Bob', 400, 200)
  await screenshot(ann.page, 'realtime-ann')
  await screenshot(bob.page, 'realtime-bob')
  await bob.page.close()
  await here(ann.page, 'Ann')
  assert.equal(await ann.page.locator('.cursor').count(), 0, 'who leaves takes the cursor away')
  assert.deepEqual([...ann.complaints, ...bob.complaints], [])
})
