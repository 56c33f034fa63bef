// The inbox page in a real browser: messages appear live, open, and show their code. Screenshots go to target/e2e.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { complaintsOf, launch, screenshot } from '../kit/browser.mjs'
import { client, newEmail, newPhone, ok, password } from '../kit/client.mjs'
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

let browser
after(() => browser?.close())

test('mail and SMS appear live and open', { timeout: 60_000 }, async () => {
  const { server } = shared
  browser = await launch()
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  const complaints = complaintsOf(page)
  await page.goto(server.mailUrl)
  await screenshot(page, 'inbox-empty')

  const email = newEmail('live')
  ok(await client(server).auth.signUp({ email, password }))
  const entry = page.getByText(email).first()
  await entry.waitFor({ timeout: 10_000 })
  await entry.click()
  await page.getByText('Confirm your email address').first().waitFor()
  await page.waitForTimeout(300)
  await screenshot(page, 'inbox-mail')

  const phone = newPhone()
  ok(await client(server).auth.signUp({ phone, password }))
  const sms = page.getByText(phone.slice(1)).first()
  await sms.waitFor({ timeout: 10_000 })
  await sms.click()
  await page.getByText(/Your code is \d{6}/).first().waitFor()
  await page.waitForTimeout(300)
  await screenshot(page, 'inbox-sms')
  assert.deepEqual(complaints, [])
})
