// Two people with the official client in Chromium: who is there, their cursors, and a table that lives, each seeing what policies show.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { complaintsOf, launch, screenshot } from '../kit/browser.mjs'
import { newUser, password } from '../kit/client.mjs'
import { generous, world } from '../kit/world.mjs'

const tables = `
  create table public.notes (id int primary key generated always as identity, owner uuid default auth.uid(), shared boolean default false, body text);
  alter table public.notes enable row level security;
  create policy "own and shared" on public.notes for select to authenticated using (shared or owner = (select auth.uid()));
  create policy "write own" on public.notes for all to authenticated using (owner = (select auth.uid())) with check (owner = (select auth.uid()));
  create policy "board" on realtime.messages for all to authenticated using (realtime.topic() = 'board') with check (realtime.topic() = 'board');
  alter publication supabase_realtime add table public.notes;
`
const shared = world({ name: 'realtime-page', config: generous, prepare: ({ database }) => database.rows(tables) })
const client = readFileSync(new URL('../node_modules/@supabase/supabase-js/dist/umd/supabase.js', import.meta.url))

const page = (settings) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Board</title><link rel="icon" href="data:,">
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 24px; color: #1c2430 } h1 { margin: 0 0 8px }
  #people span { background: #e3f1ea; border-radius: 12px; padding: 2px 10px; margin-right: 6px }
  #board { position: relative; height: 120px; background: #f4f6f8; border-radius: 8px; margin: 12px 0 }
  #board i { position: absolute; width: 10px; height: 10px; border-radius: 50%; background: #2c7a5b }
  #board i::after { content: attr(title); font: 12px system-ui; padding-left: 14px }
  td, th { text-align: left; padding: 2px 16px 2px 0 }
</style>
<h1>Board</h1><p id="state">…</p><p id="people"></p><div id="board"></div>
<form><input id="body" placeholder="A note"> <label><input type="checkbox" id="share"> shared</label> <button>Add</button></form>
<table><thead><tr><th>note</th><th>shared</th></tr></thead><tbody id="notes"></tbody></table>
<script src="/supabase.js"></script>
<script type="module">
  const { url, key, name, email, password } = ${JSON.stringify(settings)}
  const at = (id) => document.getElementById(id)
  const app = supabase.createClient(url, key, { auth: { storageKey: name } })
  await app.auth.signInWithPassword({ email, password })
  const notes = new Map()
  const draw = () => {
    at('notes').replaceChildren(...[...notes.values()].map((note) => {
      const row = document.createElement('tr')
      for (const text of [note.body, note.shared ? 'yes' : 'no']) row.insertCell().textContent = text
      return row
    }))
  }
  const channel = app.channel('board', { config: { private: true, presence: { key: name } } })
  const states = []
  const ready = (state) => { states.push(state); at('state').textContent = states.sort().join(', ') }
  channel
    .on('presence', { event: 'sync' }, () => {
      at('people').replaceChildren(...Object.keys(channel.presenceState()).sort().map((who) => Object.assign(document.createElement('span'), { textContent: who })))
    })
    .on('broadcast', { event: 'cursor' }, ({ payload }) => {
      const mark = at('cursor-' + payload.name) ?? at('board').appendChild(Object.assign(document.createElement('i'), { id: 'cursor-' + payload.name, title: payload.name }))
      mark.style.left = payload.x + 'px'
      mark.style.top = payload.y + 'px'
    })
    .on('postgres_changes', { event: '*', schema: 'public', table: 'notes' }, ({ eventType, new: fresh, old }) => {
      if (eventType === 'DELETE') notes.delete(old.id)
      else notes.set(fresh.id, fresh)
      draw()
    })
    .on('system', {}, ({ extension, status }) => { if (extension === 'postgres_changes' && status === 'ok') ready('live') })
    .subscribe(async (status) => {
      if (status !== 'SUBSCRIBED') return
      await channel.track({ since: Date.now() })
      ready('joined')
    })
  at('board').onpointermove = (event) => {
    const { left, top } = at('board').getBoundingClientRect()
    channel.send({ type: 'broadcast', event: 'cursor', payload: { name, x: Math.round(event.clientX - left), y: Math.round(event.clientY - top) } })
  }
  document.forms[0].onsubmit = async (event) => {
    event.preventDefault()
    await app.from('notes').insert({ body: at('body').value, shared: at('share').checked })
    at('body').value = ''
  }
</script></html>`

let browser
let server
const pages = new Map()
before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/supabase.js') return response.setHeader('content-type', 'text/javascript').end(client)
    response.setHeader('content-type', 'text/html').end(page(pages.get(request.url.slice(1)) ?? {}))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  browser = await launch()
})
after(async () => {
  await browser?.close()
  server?.close()
})

async function person(name) {
  const { email, id } = await newUser(shared.server, name)
  pages.set(name, { url: shared.server.apiUrl, key: shared.server.anonKey, name, email, password })
  const tab = await (await browser.newContext({ viewport: { width: 640, height: 460 } })).newPage()
  const complaints = complaintsOf(tab)
  await tab.goto(`http://127.0.0.1:${server.address().port}/${name}`)
  await tab.locator('#state', { hasText: 'joined, live' }).waitFor()
  return { tab, complaints, id }
}

test('presence, cursors and a live table in two browsers', async () => {
  const [ann, bob] = [await person('ann'), await person('bob')]
  for (const { tab } of [ann, bob]) await tab.waitForFunction(() => document.getElementById('people').textContent === 'annbob')

  const board = await ann.tab.locator('#board').boundingBox()
  await ann.tab.mouse.move(board.x + 20, board.y + 20)
  await ann.tab.mouse.move(board.x + 200, board.y + 60, { steps: 10 })
  await bob.tab.waitForFunction(() => document.getElementById('cursor-ann')?.style.left === '200px')
  await bob.tab.mouse.move(board.x + 420, board.y + 40, { steps: 10 })
  await ann.tab.waitForFunction(() => document.getElementById('cursor-bob')?.style.left === '420px')
  assert.equal(await ann.tab.locator('#cursor-ann').count(), 0, 'nobody hears oneself unless asked for')

  const add = async ({ tab }, body, isShared) => {
    await tab.fill('#body', body)
    await tab.setChecked('#share', isShared)
    await tab.click('button')
    await tab.waitForFunction(() => document.getElementById('body').value === '')
  }
  const listed = ({ tab }) => tab.locator('#notes tr').evaluateAll((rows) => rows.map((row) => row.cells[0].textContent))
  await add(ann, 'milk', true)
  await add(ann, 'diary', false)
  await add(bob, 'bread', true)
  for (const [who, notes] of [[ann, 'milk,diary,bread'], [bob, 'milk,bread']]) {
    await who.tab.waitForFunction((wanted) => [...document.querySelectorAll('#notes tr')].map((row) => row.cells[0].textContent).join() === wanted, notes)
  }
  await shared.database.rows("update public.notes set body = 'milk and honey' where body = 'milk'; delete from public.notes where body = 'diary'")
  for (const who of [ann, bob]) {
    await who.tab.waitForFunction(() => [...document.querySelectorAll('#notes tr')].map((row) => row.cells[0].textContent).join() === 'milk and honey,bread')
    assert.deepEqual(await listed(who), ['milk and honey', 'bread'])
  }
  await screenshot(ann.tab, 'realtime-ann')
  await screenshot(bob.tab, 'realtime-bob')

  await bob.tab.close()
  await ann.tab.waitForFunction(() => document.getElementById('people').textContent === 'ann')
  assert.deepEqual([...ann.complaints, ...bob.complaints], [])
})
