// As much of CBOR (RFC 8949) as an authenticator writes: integers, byte strings, text, maps.

export function encode(value) {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Map) {
    return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [encode(key), encode(item)])])
  }
  throw new TypeError(`no CBOR for ${typeof value}`)
}

function head(major, number) {
  const type = major << 5
  if (number < 24) return Buffer.from([type | number])
  if (number < 0x100) return Buffer.from([type | 24, number])
  if (number < 0x10000) return Buffer.from([type | 25, number >> 8, number & 0xff])
  throw new RangeError(`${number} is too large`)
}
