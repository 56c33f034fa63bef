// Official clients and the users they sign up.
import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { record } from './reference.mjs'

export const password = 'correct horse 1'

/** A client as an application makes it, with its session in memory. */
export function client(server, { key = server.anonKey, auth, ...options } = {}) {
  return record(createClient(server.apiUrl, key, {
    ...options,
    auth: {
      persistSession: false, autoRefreshToken: false, detectSessionInUrl: false,
      experimental: { recoveryCodes: true, passkey: true },
      storageKey: randomUUID(),
      ...auth,
    },
  }))
}

/** The client of a trusted server. */
export const admin = (server, key = server.serviceKey) => client(server, { key })

export const newEmail = (name = 'user') => `${name}-${randomUUID().slice(0, 13)}@example.com`
export const newPhone = () => `+1${randomInt(2, 9)}${String(randomInt(1e9)).padStart(9, '0')}`

/** Fails with the client's error in view; returns the data. */
export function ok({ data, error }) {
  if (error) assert.fail(`${error.name} ${error.status ?? ''} ${error.code ?? ''}: ${error.message}`)
  return data
}

/** Asserts that the client saw this error code (and status). */
export function refused({ data, error }, code, status) {
  assert.ok(error, `expected ${code}, got ${JSON.stringify(data)?.slice(0, 300)}`)
  assert.equal(error.code, code, `${error.status}: ${error.message}`)
  if (status !== undefined) assert.equal(error.status, status, error.message)
  return error
}

/** A confirmed user with an e-mail address, and a client that is signed in as this user. */
export async function newUser(server, name = 'user') {
  const email = newEmail(name)
  const { user } = ok(await admin(server).auth.admin.createUser({ email, password, email_confirm: true }))
  const supabase = await signedIn(server, { email })
  return { supabase, email, id: user.id }
}

/** Another session of a user. */
export async function signedIn(server, credentials) {
  const supabase = client(server)
  ok(await supabase.auth.signInWithPassword({ password, ...credentials }))
  return supabase
}

export async function session(supabase) {
  return ok(await supabase.auth.getSession()).session
}

export async function accessToken(supabase) {
  return (await session(supabase)).access_token
}

/** The claims of a token, unverified. */
export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
}

/** Current and next assurance level, as `aal1/aal2`. */
export async function levels(supabase) {
  const data = ok(await supabase.auth.mfa.getAuthenticatorAssuranceLevel())
  return `${data.currentLevel}/${data.nextLevel}`
}

/** Methods of the session, sorted. */
export async function methods(supabase) {
  const data = ok(await supabase.auth.mfa.getAuthenticatorAssuranceLevel())
  return data.currentAuthenticationMethods.map((entry) => entry.method).sort()
}

/** A plain request to the Auth service; the body is parsed where it is JSON. */
export async function request(server, method, path, { token, key = server.anonKey, body, headers = {}, redirect = 'manual' } = {}) {
  const answer = await fetch(`${server.apiUrl}/auth/v1${path}`, {
    method, redirect,
    headers: {
      ...(key === null ? {} : { apikey: key }),
      ...(token === null ? {} : { authorization: `Bearer ${token ?? key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  })
  const text = await answer.text()
  let json
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: answer.status, headers: answer.headers, text, json }
}
