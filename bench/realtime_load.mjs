// Subscribers of changes, and private joins, by raw sockets: what comes is counted in bytes, so that one core of this driver is
// enough for hundreds of thousands of frames a second.
// node bench/realtime_load.mjs changes|joins < {"url", "key", "tokens": […], "db", "rows", "table", "rates": […]}
import { connect } from 'node:net'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const pg = createRequire(new URL('../e2e/package.json', import.meta.url))('pg')
const [, , what] = process.argv
const given = JSON.parse(readFileSync(0, 'utf8'))
const { hostname, port } = new URL(given.url)

const frame = (text) => {
  const bytes = Buffer.from(text)
  const head = bytes.length < 126 ? Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0])
    : Buffer.from([0x81, 0xfe, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0])
  return Buffer.concat([head, bytes])
}

/** A socket with its handshake done. */
function opened() {
  return new Promise((done, failed) => {
    const socket = connect(Number(port), hostname)
    socket.setNoDelay(true)
    socket.write(`GET /realtime/v1/websocket?vsn=2.0.0&apikey=${given.key} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
    socket.once('data', () => done(socket))
    socket.once('error', failed)
  })
}

/** Joins; resolves when the text came that says that all is well. */
function joined(socket, topic, config, token, wanted) {
  return new Promise((done, failed) => {
    let text = ''
    const look = (bytes) => {
      text += bytes
      if (text.includes(wanted)) {
        socket.off('data', look)
        done()
      } else if (text.includes('"error"')) failed(new Error(text.slice(0, 400)))
    }
    socket.on('data', look)
    socket.write(frame(JSON.stringify(['1', '1', `realtime:${topic}`, 'phx_join', { config, access_token: token }])))
  })
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]

/** Rows in one rate after the other; what every subscriber gets of them, and when the last one has it. */
async function changes() {
  const config = { postgres_changes: [{ event: 'INSERT', schema: 'public', table: given.table }] }
  let bytes = 0
  const sockets = []
  for (const [number, token] of given.tokens.entries()) {
    const socket = await opened()
    await joined(socket, `changes ${number}`, config, token, 'Subscribed to PostgreSQL')
    socket.on('data', (chunk) => { bytes += chunk.length })
    sockets.push(socket)
  }
  const database = new pg.Client({ connectionString: given.db })
  await database.connect()
  // All frames have one length: ids and times have as many digits.
  let id = 1_000_000
  const insert = (count) => {
    const first = id
    id += count
    return database.query(`insert into public.${given.table} select n, 'a change' from generate_series($1::int, $2::int) n`, [first, first + count - 1])
  }
  const settled = async (wanted, patience) => {
    const end = Date.now() + patience
    while (bytes < wanted && Date.now() < end) await new Promise((done) => setTimeout(done, 1))
    return bytes >= wanted
  }
  await insert(1)
  await new Promise((done) => setTimeout(done, 1000))
  const each = bytes / sockets.length
  const results = []
  for (const rate of given.rates) {
    bytes = 0
    const begun = performance.now()
    const seconds = given.seconds ?? 5
    const [every, step] = rate >= 200 ? [10, rate / 100] : [1000 / rate, 1]
    let sent = 0
    const delays = []
    let next = begun
    while (performance.now() - begun < seconds * 1000) {
      const count = Math.round((performance.now() - begun) / every + 1) * step - sent
      if (count > 0) {
        await insert(count)
        sent += count
      }
      next += every
      const pause = next - performance.now()
      if (pause > 0) await new Promise((done) => setTimeout(done, pause))
      // How far behind the subscribers are, in changes and so in time.
      delays.push(((sent - bytes / each / sockets.length) / rate) * 1000)
    }
    const written = performance.now() - begun
    const all = await settled(sent * each * sockets.length, 20_000)
    const took = (performance.now() - begun) / 1000
    delays.sort((a, b) => a - b)
    results.push({
      wanted: rate, all, changes_per_s: +(sent / took).toFixed(0), written_per_s: +(sent / written * 1000).toFixed(0), late_ms: +(took * 1000 - written).toFixed(0),
      deliveries_per_s: +(sent * sockets.length / took).toFixed(0), behind_p50_ms: +quantile(delays, 0.5).toFixed(1), behind_p99_ms: +quantile(delays, 0.99).toFixed(1), frame_bytes: each,
    })
  }
  await database.end()
  for (const socket of sockets) socket.destroy()
  return results
}

/** Private joins, each of a channel of its own. */
async function joins() {
  const [lanes, total] = [given.lanes ?? 32, given.joins ?? 5000]
  const sockets = await Promise.all(Array.from({ length: lanes }, opened))
  let number = 0
  const times = []
  const begun = performance.now()
  await Promise.all(sockets.map(async (socket, lane) => {
    while (number < total) {
      const mine = number++
      const start = performance.now()
      await joined(socket, `private ${mine}`, { private: true }, given.tokens[lane % given.tokens.length], '"status":"ok"')
      times.push(performance.now() - start)
      socket.write(frame(JSON.stringify(['1', null, `realtime:private ${mine}`, 'phx_leave', {}])))
      await new Promise((done) => socket.once('data', done))
    }
  }))
  const seconds = (performance.now() - begun) / 1000
  times.sort((a, b) => a - b)
  for (const socket of sockets) socket.destroy()
  return { joins_per_s: +(total / seconds).toFixed(0), p50_ms: +quantile(times, 0.5).toFixed(2), p99_ms: +quantile(times, 0.99).toFixed(2) }
}

console.log(JSON.stringify(await { changes, joins }[what]()))
