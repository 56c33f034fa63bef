// A way to a server that can be cut in the middle of a transfer.
import { createServer, connect } from 'node:net'

/**
 * A way to the server that counts the bytes of requests and can be cut. `faults`, by the bytes after which they come, are
 * counted here: the client tells its progress only now and then.
 */
export async function cuttable(port) {
  const sockets = new Set()
  const relay = { sent: 0, connections: 0, faults: [] }
  const listener = createServer((client) => {
    const upstream = connect(port(), '127.0.0.1')
    relay.connections += 1
    const both = [client, upstream]
    for (const socket of both) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => both.forEach((one) => one.destroy()))
    }
    client.on('data', (bytes) => {
      relay.sent += bytes.length
      if (relay.faults.length > 0 && relay.sent >= relay.faults[0].at) relay.faults.shift().happen()
    })
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise((done) => listener.listen(0, '127.0.0.1', done))
  relay.url = `http://127.0.0.1:${listener.address().port}`
  relay.cut = () => sockets.forEach((socket) => socket.resetAndDestroy())
  relay.close = () => { relay.cut(); listener.close() }
  return relay
}

/**
 * Cuts the way three times and kills the server once while `bytes` pass. `kill` ends and restarts the server; the promise that
 * `settled` gives is done when it is back. `came` counts what has happened.
 */
export function troubled(relay, bytes, kill) {
  const begun = relay.sent
  const came = { cuts: 0, kills: 0 }
  let back = Promise.resolve()
  const cut = () => {
    came.cuts += 1
    relay.cut()
  }
  const end = () => {
    came.kills += 1
    back = kill()
  }
  relay.faults = [cut, cut, end, cut].map((happen, n) => ({ happen, at: begun + bytes * (0.15 + 0.2 * n) }))
  return { came, settled: () => back, sent: () => relay.sent - begun }
}
