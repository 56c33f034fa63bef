// Pictures that are small on disk and large in memory, or that keep a decoder busy.
import { crc32, deflateSync } from 'node:zlib'

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(body.length + 8)
  frame.writeUInt32BE(data.length)
  body.copy(frame, 4)
  frame.writeUInt32BE(crc32(body), body.length + 4)
  return frame
}

/** A grey PNG whose lines are all black; `further` chunks come before its pixels. */
export function png(width, height, { bits = 8, further = [] } = {}) {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  head[8] = bits
  const pixels = deflateSync(Buffer.alloc((Math.ceil((width * bits) / 8) + 1) * height), { level: 1 })
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), ...further,
    chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A colour profile, or a text, that unpacks to that many bytes. */
export const profile = (bytes) => chunk('iCCP', Buffer.concat([Buffer.from('p\0\0', 'latin1'), deflateSync(Buffer.alloc(bytes))]))
export const text = (bytes) => chunk('zTXt', Buffer.concat([Buffer.from('t\0\0', 'latin1'), deflateSync(Buffer.alloc(bytes))]))

/** A progressive JPEG of one grey component in that many scans: each of a few bytes, and each visits every block. */
export function scans(width, height, count) {
  const marker = (code, data) => Buffer.concat([Buffer.from([0xff, code, (data.length + 2) >> 8, (data.length + 2) & 255]), data])
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8)
  const quantization = marker(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)]))
  const frame = marker(0xc2, Buffer.from([8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]))
  // One code of one bit: category 0 for the first scan, "32,768 blocks end here" (0xe0) for the others.
  const table = (kind, symbol) => marker(0xc4, Buffer.from([kind, 1, ...Array(15).fill(0), symbol]))
  const first = Buffer.concat([marker(0xda, Buffer.from([1, 1, 0, 0, 0, 0])), Buffer.alloc(Math.ceil(blocks / 8))])
  const runs = Math.ceil(blocks / 32767)
  // Each run: the code (0) and fourteen bits of length, all ones: 16384 + 16383 blocks.
  let bits = ''
  for (let run = 0; run < runs; run++) bits += `0${'1'.repeat(14)}`
  const bytes = []
  for (let at = 0; at < bits.length; at += 8) {
    bytes.push(parseInt(bits.slice(at, at + 8).padEnd(8, '1'), 2))
    if (bytes.at(-1) === 0xff) bytes.push(0)
  }
  const scan = Buffer.concat([marker(0xda, Buffer.from([1, 1, 0, 1, 63, 0x00])), Buffer.from(bytes)])
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]), quantization, frame, table(0x00, 0), table(0x10, 0xe0), first,
    ...Array(count).fill(scan), Buffer.from([0xff, 0xd9]),
  ])
}

/** An animation of that many frames of one pixel. */
export function gif(width, height, frames) {
  const size = Buffer.from([width & 255, width >> 8, height & 255, height >> 8])
  const image = Buffer.concat([Buffer.from([0x2c, 0, 0, 0, 0]), Buffer.from([1, 0, 1, 0]), Buffer.from([0, 2, 2, 0x44, 0x01, 0])])
  return Buffer.concat([
    Buffer.from('GIF89a', 'latin1'), size, Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
    ...Array(frames).fill(image), Buffer.from([0x3b]),
  ])
}
