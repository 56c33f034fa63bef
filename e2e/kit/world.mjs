// What the tests of one suite share: a server, its inbox, its database. Made before the first test, gone after the last.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { Database } from './database.mjs'
import { Inbox } from './inbox.mjs'
import { startServer } from './server.mjs'

/** Limits so wide that no test meets them by accident. */
export const generous = {
  'auth.rate_limit.email_sent': 100000,
  'auth.rate_limit.sms_sent': 100000,
  'auth.rate_limit.sign_in_sign_ups': 100000,
  'auth.rate_limit.token_refresh': 100000,
  'auth.rate_limit.token_verifications': 100000,
  'auth.rate_limit.anonymous_users': 100000,
}

/** Messages to one user may follow each other at once. */
export const impatient = {
  'auth.email.max_frequency': '1ms',
  'auth.sms.max_frequency': '1ms',
  'auth.mfa.phone.max_frequency': '1ms',
}

/** `prepare` runs once the server is there: hooks of node:test at the top level do not wait for each other. */
export function world({ prepare, ...options }) {
  const shared = {}
  before(async () => {
    shared.server = await startServer(options)
    shared.inbox = new Inbox(shared.server.mailUrl)
    shared.database = await Database.connect(shared.server)
    await prepare?.(shared)
  })
  after(async () => {
    await shared.database?.end()
    await shared.server?.stop()
    if (shared.server) assertNoPanic(shared.server.log())
  })
  return shared
}

export function assertNoPanic(log) {
  const at = log.search(/panicked at|stack backtrace/)
  assert.equal(at, -1, at < 0 ? '' : log.slice(Math.max(0, at - 500), at + 1500))
}
