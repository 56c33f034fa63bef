// Nothing is forgotten: every method of the client's Storage reference was called by some suite. It judges what the suites
// left behind, so it runs after them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import { calledSoFar, methodsOf } from '../kit/reference.mjs'

/** What this version does not serve; who serves one of them takes it off the list. */
const notServed = new Set(['storage.updateBucketLifecycle', 'storage.deleteBucketLifecycle'])

function known() {
  const { storage } = createClient('http://127.0.0.1:1', 'none', { auth: { persistSession: false, autoRefreshToken: false } })
  return [...methodsOf(storage, 'storage'), ...methodsOf(storage.from('any'), 'storage.from')].map(({ name }) => name)
}

test('names the methods that a reader of the reference expects', () => {
  const some = ['storage.createBucket', 'storage.from.upload', 'storage.from.listV2', 'storage.from.createSignedUrls']
  assert.deepEqual(some.filter((name) => !known().includes(name)), [])
  assert.ok(known().length > 20, `only ${known().length} methods were found`)
})

test('every method was called', () => {
  const names = calledSoFar()
  assert.deepEqual(known().filter((name) => !names.has(name)), known().filter((name) => notServed.has(name)))
})
