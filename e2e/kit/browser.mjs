// Debian's Chromium, and a small application of the official client for it: one page per sign-in flow.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'
import { target } from './server.mjs'

const bundle = new URL('../node_modules/@supabase/supabase-js/dist/umd/supabase.js', import.meta.url)

function browserPath() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = ['chromium', 'chromium-browser', 'google-chrome']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path))
  assert.ok(found, 'no Chromium on PATH (Debian: apt-get install chromium)')
  return found
}

export const launch = () => chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })

export const screenshot = (page, name) => page.screenshot({ path: join(target, 'e2e', `${name}.png`) })

/** What the pages complain about: a test ends with an empty list. */
export function complaintsOf(page) {
  const complaints = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  return complaints
}

const page = (settings) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>An app</title><link rel="icon" href="data:,">
<h1>An app</h1><p>Signed in: <output id="who">…</output></p>
<p><label>E-mail <input id="email" type="email"></label> <button id="link">Send a link</button> <output id="told"></output></p>
<p><button id="github">GitHub</button> <button id="google">Google</button> <button id="sso">Your company</button> <button id="leave">Sign out</button></p>
<script src="/supabase.js"></script>
<script>
  const { url, key, flowType } = ${JSON.stringify(settings)}
  const client = supabase.createClient(url, key, { auth: { flowType } })
  const at = (id) => document.getElementById(id)
  const here = location.origin + location.pathname
  client.auth.onAuthStateChange((_, session) => { at('who').textContent = session?.user.email ?? 'nobody' })
  const tell = ({ error }) => { at('told').textContent = error?.message ?? 'done' }
  for (const provider of ['github', 'google']) {
    at(provider).onclick = async () => tell(await client.auth.signInWithOAuth({ provider, options: { redirectTo: here } }))
  }
  at('sso').onclick = async () => tell(await client.auth.signInWithSSO({ domain: 'acme.example', options: { redirectTo: here } }))
  at('link').onclick = async () => tell(await client.auth.signInWithOtp({ email: at('email').value, options: { emailRedirectTo: here } }))
  at('leave').onclick = async () => tell(await client.auth.signOut())
</script></html>`

/** The application. It is started before the backend, which has to know its address; `connect` tells it the backend. */
export class App {
  static async start() {
    const app = new App()
    app.server = createServer((request, response) => app.#answer(request, response))
    await new Promise((done) => app.server.listen(0, '127.0.0.1', done))
    app.url = `http://127.0.0.1:${app.server.address().port}`
    return app
  }

  connect({ apiUrl, anonKey }) {
    this.backend = { url: apiUrl, key: anonKey }
  }

  /** The page whose client uses this flow. */
  at(flowType) {
    return `${this.url}/${flowType}`
  }

  #answer(request, response) {
    const { pathname } = new URL(request.url, this.url)
    if (pathname === '/supabase.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(bundle))
      return
    }
    const flowType = pathname.slice(1)
    if (!['implicit', 'pkce'].includes(flowType)) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/html' }).end(page({ ...this.backend, flowType }))
  }

  stop() {
    this.server.closeAllConnections()
    this.server.close()
  }
}
