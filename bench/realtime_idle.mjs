// What an idle joined socket costs: opens sockets by hand, joins one channel on each, and reads what the server's process holds.
// node bench/realtime_idle.mjs URL KEY PID [SOCKETS]
import { connect } from 'node:net'
import { readFileSync } from 'node:fs'

const [, , url, key, pid, sockets = '10000'] = process.argv
const { hostname, port } = new URL(url)
const kib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])

const heard = (socket) => new Promise((done, failed) => {
  socket.once('data', done)
  socket.once('error', failed)
  socket.once('close', () => failed(new Error('closed')))
})

async function joined(number) {
  const socket = connect(Number(port), hostname)
  socket.write(`GET /realtime/v1/websocket?vsn=2.0.0&apikey=${key} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
  await heard(socket)
  const text = Buffer.from(JSON.stringify(['1', '1', `realtime:room ${number % 100}`, 'phx_join', { config: {} }]))
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]))
  const reply = await heard(socket)
  if (!reply.includes('"ok"')) throw new Error(reply.toString())
  return socket
}

const open = [await joined(0)]
const before = kib()
const total = Number(sockets)
while (open.length < total) {
  const batch = Array.from({ length: Math.min(200, total - open.length) }, (_, at) => joined(open.length + at))
  open.push(...await Promise.all(batch))
}
await new Promise((done) => setTimeout(done, 2000))
const after = kib()
console.log(JSON.stringify({ sockets: open.length, kib_before: before, kib_after: after, kib_per_socket: +((after - before) / (open.length - 1)).toFixed(2) }))
for (const socket of open) socket.destroy()
