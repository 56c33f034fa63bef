// A certificate for an RSA key: the least that one needs, signed by the key itself.
import { sign } from 'node:crypto'

/** Tag, length and content. */
function tlv(tag, ...parts) {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 255]), content])
}

const sequence = (...parts) => tlv(0x30, ...parts)
const bits = (content) => tlv(0x03, Buffer.from([0]), content)
const bytes = (hex) => Buffer.from(hex, 'hex')

/** X.509 in DER, valid from 2020 to 2049. */
export function certify({ privateKey, publicKey }) {
  const withSha256 = sequence(bytes('06092a864886f70d01010b0500'))
  const name = sequence(tlv(0x31, sequence(bytes('0603550403'), bytes('0c03696470'))))
  const validity = sequence(Buffer.from('\x17\x0d200101000000Z\x17\x0d490101000000Z', 'latin1'))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const body = sequence(bytes('020101'), withSha256, name, validity, name, key)
  return sequence(body, withSha256, bits(sign('sha256', body, privateKey)))
}
