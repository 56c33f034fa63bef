// Nothing is forgotten: every public method of the client's builders is called by some test of the suite.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@supabase/supabase-js'

// Machinery of the client that is no part of its reference.
const internal = new Set(['constructor', 'then', 'cloneRequestState', 'processResponse', 'decorateFetch'])

/** Notes which methods of the client's classes are called from now on; what they do stays as it is. */
export function recordMethods() {
  const exercised = { called: new Set(), known: new Set() }
  for (const prototype of prototypes()) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const original = Object.getOwnPropertyDescriptor(prototype, name).value
      if (typeof original !== 'function' || internal.has(name)) continue
      exercised.known.add(name)
      prototype[name] = function recorded(...given) {
        exercised.called.add(name)
        return original.apply(this, given)
      }
    }
  }
  return exercised
}

/** The classes behind from(), select() and schema(), down to the plain object. */
function prototypes() {
  const supabase = createClient('http://127.0.0.1:1', 'none', { auth: { persistSession: false, autoRefreshToken: false } })
  const table = supabase.from('any')
  const found = new Set()
  for (const object of [supabase.schema('any'), table, table.select()]) {
    for (let at = Object.getPrototypeOf(object); at !== Object.prototype; at = Object.getPrototypeOf(at)) found.add(at)
  }
  return found
}

export default function ({ called, known }) {
  test('names the methods that a reader of the reference expects', () => {
    const some = ['from', 'schema', 'rpc', 'select', 'insert', 'upsert', 'eq', 'textSearch', 'order', 'maybeSingle', 'explain']
    assert.deepEqual(some.filter((name) => !known.has(name)), [])
    assert.ok(known.size > 55, `only ${known.size} methods were found`)
  })

  test('every method was called', () => {
    assert.deepEqual([...known].filter((name) => !called.has(name)), [])
  })
}
