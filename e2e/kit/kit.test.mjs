// The tools of the suites, checked without a server: against published vectors and against an independent reading.
import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { encode } from './cbor.mjs'
import { decodeQr } from './qr.mjs'
import { plugIn, SecurityKey } from './security-key.mjs'
import { toToml } from './toml.mjs'
import { Authenticator } from './totp.mjs'

const uri = 'otpauth://totp/localhost:3000:someone@example.com?algorithm=SHA1&digits=6&issuer=localhost:3000&period=30'
  + '&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

test('a QR code drawn as SVG is read back', () => {
  const svg = readFileSync(new URL('./fixtures/qr.svg', import.meta.url), 'utf8')
  assert.equal(decodeQr(svg), uri)
  assert.equal(decodeQr(`data:image/svg+xml;utf-8,${svg}`), uri)
})

test('codes are those of RFC 6238', () => {
  const authenticator = new Authenticator(uri)
  assert.equal(authenticator.codeOf(1), '287082') // T = 59 s
  assert.equal(authenticator.codeOf(37037036), '081804') // T = 1111111109 s
})

test('no step is used twice', async () => {
  const authenticator = new Authenticator(uri)
  const codes = [await authenticator.next(), await authenticator.next(), await authenticator.next()]
  assert.equal(new Set(codes).size, 3)
})

test('CBOR is that of RFC 8949', () => {
  const hex = (value) => Buffer.from(encode(value)).toString('hex')
  assert.equal(hex(0), '00')
  assert.equal(hex(23), '17')
  assert.equal(hex(24), '1818')
  assert.equal(hex(1000), '1903e8')
  assert.equal(hex(-1), '20')
  assert.equal(hex(-100), '3863')
  assert.equal(hex(Buffer.from('01020304', 'hex')), '4401020304')
  assert.equal(hex('IETF'), '6449455446')
  assert.equal(hex(new Map([[1, 2], [3, 4]])), 'a201020304')
})

test('a security key registers and signs as WebAuthn lays it down', () => {
  const key = new SecurityKey({ origin: 'http://localhost:3000' })
  const created = key.create({
    challenge: 'Y2hhbGxlbmdl', rp: { id: 'localhost', name: 'x' }, user: { id: 'dXNlcg' }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  })
  const clientData = JSON.parse(Buffer.from(created.response.clientDataJSON, 'base64url'))
  assert.deepEqual(clientData, { type: 'webauthn.create', challenge: 'Y2hhbGxlbmdl', origin: 'http://localhost:3000', crossOrigin: false })
  const attestation = Buffer.from(created.response.attestationObject, 'base64url')
  const hash = createHash('sha256').update('localhost').digest()
  const data = attestation.subarray(attestation.indexOf(hash))
  assert.equal(data[32], 0x45)
  assert.equal(data.subarray(55, 87).toString('base64url'), created.id)
  const cose = data.subarray(87)
  assert.equal(cose.length, 77)
  const publicKey = createPublicKey({
    format: 'jwk',
    key: { kty: 'EC', crv: 'P-256', x: cose.subarray(10, 42).toString('base64url'), y: cose.subarray(45).toString('base64url') },
  })

  const signed = key.get({ challenge: 'c2Vjb25k', rpId: 'localhost', allowCredentials: [{ id: created.id }] }).response
  const message = Buffer.concat([
    Buffer.from(signed.authenticatorData, 'base64url'),
    createHash('sha256').update(Buffer.from(signed.clientDataJSON, 'base64url')).digest(),
  ])
  assert.ok(verify('sha256', message, publicKey, Buffer.from(signed.signature, 'base64url')))
  assert.throws(() => key.get({ challenge: 'c2Vjb25k', rpId: 'elsewhere.example' }))
})

test('a key can be plugged in and out', async () => {
  const unplug = plugIn(new SecurityKey({ origin: 'http://localhost:3000' }))
  assert.equal(typeof globalThis.navigator.credentials.create, 'function')
  unplug()
  assert.equal(typeof globalThis.window, 'undefined')
  assert.equal(globalThis.navigator.credentials, undefined)
})

test('configuration is written as tables', () => {
  assert.equal(
    toToml({ project_id: 'x', 'auth.email.max_frequency': '1s', 'auth.enable_signup': true, 'auth.email.otp_length': 6 }),
    'project_id = "x"\n\n[auth.email]\nmax_frequency = "1s"\notp_length = 6\n\n[auth]\nenable_signup = true\n',
  )
})
