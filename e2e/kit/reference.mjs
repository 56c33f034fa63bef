// Which methods of the client's Auth and Storage reference the tests call. Suites are processes of their own: each leaves a
// list behind, and the tests in reference/, which run last, put them together.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { target } from './server.mjs'

export const folder = join(target, 'e2e', 'called')

const namespaces = new Set(['admin', 'mfa', 'webauthn', 'recoveryCodes', 'oauth', 'passkey', 'customProviders'])
// Machinery of the client that is no part of its reference.
const internal = new Set([
  'constructor', 'logger', 'fetch', 'fetchJwk', 'isThrowOnErrorEnabled', 'linkIdentityOAuth', 'linkIdentityIdToken', 'dispose',
  'throwOnError', 'setHeader', 'handleOperation', 'from', 'listBucketOptionsToQueryString', 'bucketLifecycleUrl', 'encodeMetadata', 'toBase64',
  'uploadOrUpdate', 'applyTransformOptsToQuery', 'index',
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

function noteCalls(object, path) {
  for (const { name, owner, key } of methodsOf(object, path)) {
    const original = owner[key]
    owner[key] = function recorded(...given) {
      called.add(name)
      return original.apply(this, given)
    }
  }
  return object
}

/** Notes which methods of this client are called; what they do stays as it is. */
export function record(supabase) {
  noteCalls(supabase.auth, 'auth')
  noteCalls(supabase.storage, 'storage')
  noteBelow(supabase.storage, 'from', 'storage.from', (files) => {
    const download = files.download
    files.download = (...given) => noteStreams(download.apply(files, given))
  })
  const { vectors, analytics } = supabase.storage
  noteCalls(vectors, 'storage.vectors')
  noteCalls(analytics, 'storage.analytics')
  noteBelow(vectors, 'from', 'storage.vectors.from', (bucket) => noteBelow(bucket, 'index', 'storage.vectors.from.index'))
  // They are made anew at each look.
  Object.defineProperties(supabase.storage, { vectors: { value: vectors }, analytics: { value: analytics } })
  return supabase
}

/** Notes calls on what `object[name]()` makes. */
function noteBelow(object, name, path, further = () => {}) {
  const make = object[name]
  object[name] = (given) => {
    const made = noteCalls(make.call(object, given), path)
    further(made)
    return made
  }
}

function noteStreams(builder) {
  const original = builder.asStream
  builder.asStream = () => {
    called.add('storage.from.download.asStream')
    return original.call(builder)
  }
  return builder
}

/** The names of all methods of the client's Storage reference. */
export function storageReference({ storage }) {
  const bucket = storage.vectors.from('any')
  const scopes = {
    storage,
    'storage.from': storage.from('any'),
    'storage.vectors': storage.vectors,
    'storage.vectors.from': bucket,
    'storage.vectors.from.index': bucket.index('any'),
    'storage.analytics': storage.analytics,
  }
  const names = Object.entries(scopes).flatMap(([path, scope]) => [...methodsOf(scope, path)].map(({ name }) => name))
  return [...names, 'storage.from.download.asStream']
}

/** All methods that the suites before have called. */
export function calledSoFar() {
  const lists = existsSync(folder) ? readdirSync(folder) : []
  return new Set(lists.flatMap((list) => JSON.parse(readFileSync(join(folder, list), 'utf8'))))
}

process.on('exit', () => {
  if (called.size === 0) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify([...called]))
})
