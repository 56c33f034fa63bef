// A security key in software (WebAuthn level 2): ES256, attestation "none", user present and verified.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { encode } from './cbor.mjs'

const userPresent = 0x01
const userVerified = 0x04
const attestedData = 0x40

const sha256 = (bytes) => createHash('sha256').update(bytes).digest()
const base64url = (bytes) => Buffer.from(bytes).toString('base64url')
const bytesOf = (value) => (typeof value === 'string' ? Buffer.from(value, 'base64url') : Buffer.from(value))

export class SecurityKey {
  constructor({ origin, aaguid = Buffer.alloc(16) }) {
    this.origin = origin
    this.aaguid = aaguid
    this.counter = 0
    this.credentials = new Map()
  }

  /** Answers `navigator.credentials.create`: options of the server, JSON or with buffers; the response as JSON. */
  create(options) {
    if (!options.pubKeyCredParams.some((entry) => entry.alg === -7)) throw new Error('the server does not take ES256')
    const rpId = options.rp.id ?? new URL(this.origin).hostname
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const id = randomBytes(32)
    this.credentials.set(base64url(id), { privateKey, rpId, userHandle: bytesOf(options.user.id) })
    const authenticatorData = Buffer.concat([
      this.#data(rpId, userPresent | userVerified | attestedData),
      this.aaguid, Buffer.from([id.length >> 8, id.length & 0xff]), id, coseKey(publicKey),
    ])
    const attestation = encode(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', authenticatorData]]))
    return this.#response(id, {
      clientDataJSON: base64url(this.#clientData('webauthn.create', options.challenge)),
      attestationObject: base64url(attestation),
      transports: ['usb'],
    })
  }

  /** Answers `navigator.credentials.get`. */
  get(options) {
    const rpId = options.rpId ?? new URL(this.origin).hostname
    const allowed = (options.allowCredentials ?? []).map((entry) => base64url(bytesOf(entry.id)))
    const found = [...this.credentials].find(([id, credential]) =>
      credential.rpId === rpId && (allowed.length === 0 || allowed.includes(id)))
    if (!found) throw new Error('this key has no credential that the server allows')
    const [id, { privateKey, userHandle }] = found
    this.counter += 1
    const authenticatorData = this.#data(rpId, userPresent | userVerified)
    const clientData = this.#clientData('webauthn.get', options.challenge)
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), privateKey)
    return this.#response(Buffer.from(id, 'base64url'), {
      clientDataJSON: base64url(clientData),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signature),
      userHandle: base64url(userHandle),
    })
  }

  #data(rpId, flags) {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter])
  }

  #clientData(type, challenge) {
    const text = { type, challenge: base64url(bytesOf(challenge)), origin: this.origin, crossOrigin: false }
    return Buffer.from(JSON.stringify(text))
  }

  #response(id, response) {
    return {
      id: base64url(id), rawId: base64url(id), type: 'public-key', authenticatorAttachment: 'cross-platform',
      clientExtensionResults: {}, response,
    }
  }
}

/** COSE_Key of a P-256 public key: kty EC2, alg ES256, crv P-256, x, y. */
function coseKey(publicKey) {
  const { x, y } = publicKey.export({ format: 'jwk' })
  return encode(new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]))
}

/**
 * Puts the key where the client's mfa.webauthn methods look for one: navigator.credentials of a browser window.
 * Returns a function that takes it away again.
 */
export function plugIn(key) {
  class PublicKeyCredential {
    constructor(json) {
      this.json = json
    }

    toJSON() {
      return this.json
    }
  }
  const url = new URL(key.origin)
  const credentials = {
    create: async ({ publicKey }) => new PublicKeyCredential(key.create(publicKey)),
    get: async ({ publicKey }) => new PublicKeyCredential(key.get(publicKey)),
  }
  const before = Object.fromEntries(['PublicKeyCredential', 'window', 'document']
    .map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]))
  const define = (object, name, value) => Object.defineProperty(object, name, { value, configurable: true, writable: true })
  define(globalThis, 'PublicKeyCredential', PublicKeyCredential)
  define(globalThis, 'window', { PublicKeyCredential, location: { hostname: url.hostname, origin: url.origin } })
  define(globalThis, 'document', {})
  define(globalThis.navigator, 'credentials', credentials)
  return () => {
    delete globalThis.navigator.credentials
    for (const [name, descriptor] of Object.entries(before)) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor)
      else delete globalThis[name]
    }
  }
}
