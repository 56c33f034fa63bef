// The inbox page in a real browser: messages appear live, open, and show their code. Screenshots go to target/e2e.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { chromium } from 'playwright-core'
import { client, newEmail, newPhone, ok, password } from '../kit/client.mjs'
import { target } from '../kit/server.mjs'
import { generous, world } from '../kit/world.mjs'

const shared = world({
  name: 'browser',
  config: {
    ...generous,
    'auth.email.enable_confirmations': true,
    'auth.sms.enable_signup': true,
    'auth.sms.enable_confirmations': true,
  },
})

function browserPath() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = ['chromium', 'chromium-browser', 'google-chrome']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path))
  assert.ok(found, 'no Chromium on PATH (Debian: apt-get install chromium)')
  return found
}

let browser
after(() => browser?.close())

test('mail and SMS appear live and open', { timeout: 60_000 }, async () => {
  const { server } = shared
  browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  const complaints = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(server.mailUrl)
  await page.screenshot({ path: join(target, 'e2e', 'inbox-empty.png') })

  const email = newEmail('live')
  ok(await client(server).auth.signUp({ email, password }))
  const entry = page.getByText(email).first()
  await entry.waitFor({ timeout: 10_000 })
  await entry.click()
  await page.getByText('Confirm your email address').first().waitFor()
  await page.waitForTimeout(300)
  await page.screenshot({ path: join(target, 'e2e', 'inbox-mail.png') })

  const phone = newPhone()
  ok(await client(server).auth.signUp({ phone, password }))
  const sms = page.getByText(phone.slice(1)).first()
  await sms.waitFor({ timeout: 10_000 })
  await sms.click()
  await page.getByText(/Your code is \d{6}/).first().waitFor()
  await page.waitForTimeout(300)
  await page.screenshot({ path: join(target, 'e2e', 'inbox-sms.png') })
  assert.deepEqual(complaints, [])
})
