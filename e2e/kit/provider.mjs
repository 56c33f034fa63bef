// Sign-in providers on loopback: the addresses of GitHub's and of an OpenID provider's, on one server. A code is used once,
// and only by the client it was given to, with the verifier of its challenge.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'

const sha256 = (text) => createHash('sha256').update(text).digest('base64url')
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

export class Provider {
  /** The person in front of a browser's screen. */
  present
  /** What the discovery document calls itself, if not by its address. */
  issuer
  #codes = new Map()
  #tokens = new Map()
  #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  /** With `tls` (`cert` and `key`) it speaks https. */
  static async start(tls) {
    const provider = new Provider()
    const answer = (request, response) => provider.#answer(request, response)
    provider.server = tls ? createSecureServer(tls, answer) : createServer(answer)
    await new Promise((done) => provider.server.listen(0, '127.0.0.1', done))
    provider.url = `${tls ? 'https' : 'http'}://127.0.0.1:${provider.server.address().port}`
    return provider
  }

  stop() {
    this.server.closeAllConnections()
    this.server.close()
  }

  /** What the browser carries back after this person agreed on the page at `address`. */
  agree(person, address) {
    const asked = new URL(address)
    assert.equal(asked.origin, this.url)
    const code = `code-${this.#codes.size}-${person.id}`
    this.#codes.set(code, { person, asked: Object.fromEntries(asked.searchParams) })
    const back = new URL(asked.searchParams.get('redirect_uri'))
    back.search = new URLSearchParams({ code, state: asked.searchParams.get('state') })
    return back.href
  }

  /** An ID token about a person, as an app gets it from the provider's own library. */
  idToken(person, claims = {}) {
    const now = Math.floor(Date.now() / 1000)
    const head = part({ alg: 'ES256', kid: 'one', typ: 'JWT' })
    const body = part({
      iss: this.url, sub: String(person.id), aud: 'oidc-client', iat: now, exp: now + 600,
      email: person.email, email_verified: person.verified ?? true, name: 'Ada', ...claims,
    })
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key: this.#keys.privateKey, dsaEncoding: 'ieee-p1363' })
    return `${head}.${body}.${signature.toString('base64url')}`
  }

  /** The page on which whoever is in front of the screen agrees. */
  #consent(request, response) {
    const agreed = this.agree(this.present, this.url + request.url).replaceAll('&', '&amp;')
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>Sign in</title><link rel="icon" href="data:,">
      <a href="${agreed}">Continue as ${this.present.email}</a>`)
  }

  async #answer(request, response) {
    if (request.url.includes('response_type=code')) return this.#consent(request, response)
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const { pathname } = new URL(request.url, this.url)
    const person = this.#tokens.get(request.headers.authorization?.replace('Bearer ', ''))
    const [status, body] = this.#route(pathname, new URLSearchParams(Buffer.concat(chunks).toString()), person)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  #route(path, form, person) {
    if (path === '/.well-known/openid-configuration') {
      return [200, {
        issuer: this.issuer ?? this.url, jwks_uri: `${this.url}/jwks`, authorization_endpoint: `${this.url}/authorize`,
        token_endpoint: `${this.url}/token`, token_endpoint_auth_methods_supported: ['client_secret_post'],
      }]
    }
    if (path === '/jwks') {
      return [200, { keys: [{ ...this.#keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }] }]
    }
    if (path === '/token' || path === '/login/oauth/access_token') return this.#exchange(form)
    if (person === undefined) return [401, { message: 'Bad credentials' }]
    if (path === '/api/v3/user') return [200, { id: person.id, login: 'ada', name: 'Ada' }]
    if (path === '/api/v3/user/emails') return [200, [{ email: person.email, primary: true, verified: person.verified ?? true }]]
    return [404, {}]
  }

  #exchange(form) {
    const { person, asked } = this.#codes.get(form.get('code')) ?? {}
    this.#codes.delete(form.get('code'))
    const fits = person !== undefined && form.get('client_id') === asked.client_id && form.get('client_secret') === 'client secret'
      && form.get('redirect_uri') === asked.redirect_uri && sha256(form.get('code_verifier') ?? '') === asked.code_challenge
    if (!fits) return [400, { error: 'invalid_grant' }]
    const token = `access-${person.id}`
    this.#tokens.set(token, person)
    const idToken = asked.client_id === 'oidc-client' ? { id_token: this.idToken(person) } : {}
    return [200, { access_token: token, refresh_token: 'provider-refresh', token_type: 'bearer', ...idToken }]
  }
}
