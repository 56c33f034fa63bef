// A SAML identity provider on loopback. It checks a request as a real one would (the signature of its query by the key of our
// metadata), and signs its responses with a library of its own.
import assert from 'node:assert/strict'
import { constants, createCipheriv, generateKeyPairSync, publicEncrypt, randomBytes, verify, X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { inflateRawSync } from 'node:zlib'
import { SignedXml } from 'xml-crypto'
import { certify } from './key-certificate.mjs'

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const status = 'urn:oasis:names:tc:SAML:2.0:status:Success'
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const newId = () => `_${randomBytes(16).toString('hex')}`
const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString()

export class IdentityProvider {
  /** The person in front of a browser's screen. */
  present
  /** Algorithms and shape of the signatures: tests change them. */
  signing = { where: 'assertion', signature: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', digest: 'http://www.w3.org/2001/04/xmlenc#sha256' }
  #keys = generateKeyPairSync('rsa', { modulusLength: 2048 })

  /** `tls` (a certificate's `cert` and `key`) where our service has to fetch the metadata itself. */
  static async start(tls) {
    const provider = new IdentityProvider()
    const answer = (request, response) => provider.#answer(request, response)
    provider.server = tls ? createSecureServer(tls, answer) : createServer(answer)
    await new Promise((done) => provider.server.listen(0, '127.0.0.1', done))
    provider.url = `http${tls ? 's' : ''}://127.0.0.1:${provider.server.address().port}`
    return provider
  }

  stop() {
    this.server.closeAllConnections()
    this.server.close()
  }

  get metadata() {
    return `<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${this.url}/metadata">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
      ${certify(this.#keys).toString('base64')}
    </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${this.url}/other"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${this.url}/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`
  }

  /** Reads our metadata, as the provider's administrator lets it do. */
  async trust(metadataUrl) {
    const text = await (await fetch(metadataUrl)).text()
    const certificate = /<ds:X509Certificate>([^<]+)</.exec(text)[1]
    this.client = {
      key: new X509Certificate(Buffer.from(certificate, 'base64')).publicKey,
      entityId: /entityID="([^"]+)"/.exec(text)[1],
      acs: /AssertionConsumerService [^>]*Location="([^"]+)"/.exec(text)[1],
    }
  }

  /** What a request at `address` asks for. */
  read(address) {
    const asked = new URL(address)
    assert.equal(asked.origin + asked.pathname, `${this.url}/sso`)
    const given = Object.fromEntries(asked.searchParams)
    const [signed] = asked.search.slice(1).split('&Signature=')
    assert.equal(given.SigAlg, 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256')
    assert.ok(verify('sha256', Buffer.from(signed), this.client.key, Buffer.from(given.Signature, 'base64')), 'a badly signed request')
    const xml = inflateRawSync(Buffer.from(given.SAMLRequest, 'base64')).toString()
    assert.match(xml, new RegExp(`AssertionConsumerServiceURL="${this.client.acs}"`))
    assert.match(xml, new RegExp(`<saml:Issuer[^>]*>${this.client.entityId}</saml:Issuer>`))
    return { id: /\bID="([^"]+)"/.exec(xml)[1], relayState: given.RelayState }
  }

  /** What the browser carries back after this person signed in on the page at `address`. */
  agree(person, address) {
    const { id, relayState } = this.read(address)
    return { SAMLResponse: this.respond(person, { answers: id }), RelayState: relayState }
  }

  /** What the browser carries over when the person begins here. */
  offer(person, relayState = '') {
    return { SAMLResponse: this.respond(person), RelayState: relayState }
  }

  respond(person, options = {}) {
    const { where, encrypt } = this.signing
    const answers = options.answers ? ` InResponseTo="${options.answers}"` : ''
    let assertion = this.#assertion(person, answers)
    if (where !== 'response') assertion = this.#sign(assertion, 'Assertion')
    if (encrypt) assertion = this.#encrypt(assertion)
    let response = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
      ID="${newId()}" Version="2.0" IssueInstant="${at(0)}" Destination="${this.client.acs}"${answers}>
  <saml:Issuer>${this.url}/metadata</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status>
  ${assertion}
</samlp:Response>`
    if (where !== 'assertion') response = this.#sign(response, 'Response')
    return Buffer.from(response).toString('base64')
  }

  #assertion({ id, email, name = 'Ada <&> Lovelace', groups = ['staff', 'admins'] }, answers) {
    const value = (text) => `<saml2:AttributeValue xsi:type="xs:string">${escape(text)}</saml2:AttributeValue>`
    return `<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="${newId()}" Version="2.0" IssueInstant="${at(0)}">
    <saml2:Issuer>${this.url}/metadata</saml2:Issuer>
    <saml2:Subject>
      <saml2:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${id}</saml2:NameID>
      <saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
        <saml2:SubjectConfirmationData Recipient="${this.client.acs}" NotOnOrAfter="${at(300)}"${answers}/>
      </saml2:SubjectConfirmation>
    </saml2:Subject>
    <saml2:Conditions NotBefore="${at(-5)}" NotOnOrAfter="${at(300)}">
      <saml2:AudienceRestriction><saml2:Audience>${this.client.entityId}</saml2:Audience></saml2:AudienceRestriction>
    </saml2:Conditions>
    <saml2:AuthnStatement AuthnInstant="${at(0)}" SessionNotOnOrAfter="${at(3600)}"><saml2:AuthnContext>
      <saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml2:AuthnContextClassRef>
    </saml2:AuthnContext></saml2:AuthnStatement>
    <saml2:AttributeStatement>
      <saml2:Attribute Name="urn:oid:0.9.2342.19200300.100.1.3" FriendlyName="mail">${value(email)}</saml2:Attribute>
      <saml2:Attribute Name="displayName">${value(name)}</saml2:Attribute>
      <saml2:Attribute Name="groups">${groups.map(value).join('')}</saml2:Attribute>
    </saml2:AttributeStatement>
  </saml2:Assertion>`
  }

  #sign(xml, element) {
    const signed = new SignedXml({
      privateKey: this.#keys.privateKey, canonicalizationAlgorithm: exclusive, signatureAlgorithm: this.signing.signature,
    })
    const xpath = `/*[local-name(.)='${element}']`
    signed.addReference({
      xpath, transforms: [enveloped, exclusive], digestAlgorithm: this.signing.digest, inclusiveNamespacesPrefixList: ['xs'],
    })
    signed.computeSignature(xml, { prefix: 'ds', location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' } })
    return signed.getSignedXml()
  }

  /** AES in GCM, its key by RSA-OAEP for the key of our metadata. */
  #encrypt(xml) {
    const [key, nonce] = [randomBytes(32), randomBytes(12)]
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    const sealed = Buffer.concat([nonce, cipher.update(xml), cipher.final(), cipher.getAuthTag()])
    const wrapped = publicEncrypt({ key: this.client.key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, key)
    const data = (bytes) => `<xenc:CipherData><xenc:CipherValue>${bytes.toString('base64')}</xenc:CipherValue></xenc:CipherData>`
    return `<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"
      Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod
      Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>${data(wrapped)}</xenc:EncryptedKey></ds:KeyInfo>${data(sealed)}
      </xenc:EncryptedData></saml:EncryptedAssertion>`
  }

  /** The page on which whoever is in front of the screen signs in. */
  #answer(request, response) {
    if (request.url === '/metadata') return response.writeHead(200, { 'content-type': 'application/samlmetadata+xml' }).end(this.metadata)
    if (!request.url.startsWith('/sso?')) return response.writeHead(404).end()
    const fields = Object.entries(this.agree(this.present, this.url + request.url))
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>Sign in</title><link rel="icon" href="data:,">
      <form method="post" action="${this.client.acs}">
      ${fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join('')}
      <button>Continue as ${this.present.email}</button></form>`)
  }
}
