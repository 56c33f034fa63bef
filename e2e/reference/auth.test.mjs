// Nothing is forgotten: every method of the client's Auth and Auth Admin reference was called by some suite. It judges what
// the suites left behind, so it runs after them.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import { calledSoFar, methodsOf } from '../kit/reference.mjs'

/** What needs a browser's own interface is called in pages, where nothing is recorded: by the method, the file. */
const inPages = {
  'auth.registerPasskey': 'browser/passkeys.test.mjs',
  'auth.signInWithPasskey': 'browser/passkeys.test.mjs',
}

/** What this version does not serve; who serves one of them takes it off the list. */
const notServed = new Set()

const read = (path) => readFileSync(path, 'utf8')

function called() {
  const names = calledSoFar()
  for (const [method, file] of Object.entries(inPages)) {
    const text = new URL(`../${file}`, import.meta.url)
    if (existsSync(text) && read(text).includes(`${method.slice(method.lastIndexOf('.'))}(`)) names.add(method)
  }
  return names
}

function known() {
  const auth = { persistSession: false, autoRefreshToken: false, experimental: { recoveryCodes: true, passkey: true } }
  const supabase = createClient('http://127.0.0.1:1', 'none', { auth })
  return [...methodsOf(supabase.auth, 'auth')].map(({ name }) => name)
}

test('names the methods that a reader of the reference expects', () => {
  const some = ['auth.signUp', 'auth.mfa.enroll', 'auth.mfa.recoveryCodes.generate', 'auth.admin.listUsers', 'auth.admin.mfa.deleteFactor', 'auth.oauth.revokeGrant', 'auth.admin.customProviders.createProvider', 'auth.passkey.list']
  assert.deepEqual(some.filter((name) => !known().includes(name)), [])
  assert.ok(known().length > 75, `only ${known().length} methods were found`)
})

test('every method was called', () => {
  const names = called()
  assert.deepEqual(known().filter((name) => !names.has(name)), known().filter((name) => notServed.has(name)))
})
