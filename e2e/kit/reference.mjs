// Which methods of the client's Auth reference the tests call. Suites are processes of their own: each leaves a list
// behind, and reference/auth.test.mjs, which runs last, puts them together.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { target } from './server.mjs'

export const folder = join(target, 'e2e', 'called')

const namespaces = new Set(['admin', 'mfa', 'webauthn', 'recoveryCodes', 'oauth', 'passkey', 'customProviders'])
// Machinery of the client that is no part of its reference.
const internal = new Set([
  'constructor', 'logger', 'fetch', 'fetchJwk', 'isThrowOnErrorEnabled', 'linkIdentityOAuth', 'linkIdentityIdToken', 'dispose',
])

/** Every public method below an object: its name, and the object that has it. */
export function* methodsOf(object, path) {
  const names = new Set()
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    Object.getOwnPropertyNames(at).forEach((name) => names.add(name))
  }
  for (const name of names) {
    if (name.startsWith('_') || internal.has(name)) continue
    if (typeof object[name] === 'function') yield { name: `${path}.${name}`, owner: object, key: name }
    else if (namespaces.has(name)) yield* methodsOf(object[name], `${path}.${name}`)
  }
}

const called = new Set()

/** Notes which methods of this client are called; what they do stays as it is. */
export function record(supabase) {
  for (const { name, owner, key } of methodsOf(supabase.auth, 'auth')) {
    const original = owner[key]
    owner[key] = function recorded(...given) {
      called.add(name)
      return original.apply(this, given)
    }
  }
  return supabase
}

process.on('exit', () => {
  if (called.size === 0) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify([...called]))
})
