// Sign-in as a person sees it: the official client in a page, a provider's page, and the link of a mail.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomInt, randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { App, complaintsOf, launch, screenshot } from '../kit/browser.mjs'
import { newEmail, request } from '../kit/client.mjs'
import { IdentityProvider } from '../kit/identity-provider.mjs'
import { Provider } from '../kit/provider.mjs'
import { generous, world } from '../kit/world.mjs'

const [app, provider, acme] = await Promise.all([App.start(), Provider.start(), IdentityProvider.start()])
const samlKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'der' })
const known = (name) => ({
  [`auth.external.${name}.enabled`]: true,
  [`auth.external.${name}.client_id`]: name === 'google' ? 'oidc-client' : 'gh-client',
  [`auth.external.${name}.secret`]: 'client secret',
  [`auth.external.${name}.url`]: provider.url,
})
const shared = world({
  name: 'browser-sign-in',
  prepare: async ({ server }) => {
    app.connect(server)
    await acme.trust(`${server.apiUrl}/auth/v1/sso/saml/metadata`)
    const body = { type: 'saml', metadata_xml: acme.metadata, domains: ['acme.example'] }
    assert.equal((await request(server, 'POST', '/admin/sso/providers', { key: server.serviceKey, body })).status, 201)
  },
  config: {
    ...generous, 'auth.site_url': app.url, ...known('github'), ...known('google'),
    'auth.saml.enabled': true, 'auth.saml.private_key': samlKey.toString('base64'),
  },
})

let browser
before(async () => { browser = await launch() })
after(async () => {
  await browser?.close()
  app.stop()
  provider.stop()
  acme.stop()
})

/** A person with a browser of their own, on the app's page. */
async function visitor(flowType) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 640 } })
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(app.at(flowType))
  await signedIn(page, 'nobody')
  return { context, page, complaints }
}

const signedIn = (page, email) => page.locator('#who', { hasText: email }).waitFor({ timeout: 15_000 })

/** Neither tokens nor codes stay in the address, where they could be copied from. */
function nothingInAddress(page) {
  const { search, hash } = new URL(page.url())
  assert.doesNotMatch(search + hash, /token|code/)
}

for (const flowType of ['implicit', 'pkce']) {
  describe(flowType, { timeout: 120_000 }, () => {
    for (const name of ['github', 'google']) {
      test(`through the page of ${name}, and still there after a reload`, async () => {
        provider.present = { id: randomInt(1, 2 ** 40), email: newEmail('person') }
        const { context, page, complaints } = await visitor(flowType)
        await page.locator(`#${name}`).click()
        await page.getByText(`Continue as ${provider.present.email}`).click()
        await signedIn(page, provider.present.email)
        nothingInAddress(page)
        await page.reload()
        await signedIn(page, provider.present.email)
        await screenshot(page, `sign-in-${flowType}-${name}`)
        await page.locator('#leave').click()
        await signedIn(page, 'nobody')
        assert.deepEqual(complaints, [])
        await context.close()
      })
    }

    test('through the page of a company, and still there after a reload', async () => {
      acme.present = { id: randomUUID(), email: newEmail('employee') }
      const { context, page, complaints } = await visitor(flowType)
      await page.locator('#sso').click()
      await page.getByText(`Continue as ${acme.present.email}`).click()
      await signedIn(page, acme.present.email)
      nothingInAddress(page)
      await page.reload()
      await signedIn(page, acme.present.email)
      await screenshot(page, `sign-in-${flowType}-sso`)
      assert.deepEqual(complaints, [])
      await context.close()
    })

    test('by the link of a mail, from the inbox', async () => {
      const { context, page, complaints } = await visitor(flowType)
      const email = newEmail('reader')
      await page.locator('#email').fill(email)
      await page.locator('#link').click()
      await page.locator('#told', { hasText: 'done' }).waitFor()

      const inbox = await context.newPage()
      complaints.push(...complaintsOf(inbox))
      await inbox.goto(shared.server.mailUrl)
      await inbox.getByText(email).first().click()
      const opened = context.waitForEvent('page')
      await inbox.frameLocator('iframe').getByRole('link').first().click()
      const landed = await opened
      await signedIn(landed, email)
      nothingInAddress(landed)
      await screenshot(landed, `sign-in-${flowType}-link`)
      // The first tab hears of it too.
      await signedIn(page, email)
      assert.deepEqual(complaints, [])
      await context.close()
    })
  })
}

test('a refused sign-in says why in the address of the app', { timeout: 60_000 }, async () => {
  provider.present = { id: randomInt(1, 2 ** 40), email: newEmail('person') }
  const { context, page } = await visitor('pkce')
  await page.locator('#github').click()
  const agree = page.getByText(`Continue as ${provider.present.email}`)
  const back = new URL(await agree.getAttribute('href'))
  back.searchParams.delete('code')
  back.searchParams.set('error', 'access_denied')
  back.searchParams.set('error_description', 'The person said no')
  await page.goto(back.href)
  assert.equal(new URL(page.url()).searchParams.get('error_description'), 'The person said no')
  await signedIn(page, 'nobody')
  await context.close()
})
