// Nothing is forgotten: every method of the client's Storage reference was called by some suite. It judges what the suites
// left behind, so it runs after them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import { calledSoFar, storageReference } from '../kit/reference.mjs'

const known = () => storageReference(createClient('http://127.0.0.1:1', 'none', { auth: { persistSession: false, autoRefreshToken: false } }))

test('names the methods that a reader of the reference expects', () => {
  const some = ['storage.createBucket', 'storage.from.upload', 'storage.from.listV2', 'storage.from.createSignedUrls', 'storage.vectors.from.index.putVectors']
  assert.deepEqual(some.filter((name) => !known().includes(name)), [])
  assert.ok(known().length > 40, `only ${known().length} methods were found`)
})

test('every method was called', () => {
  const names = calledSoFar()
  assert.deepEqual(known().filter((name) => !names.has(name)), [])
})
