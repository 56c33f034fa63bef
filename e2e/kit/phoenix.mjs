// Raw frames of the Realtime socket: what a client sends and sees, byte for byte.
import assert from 'node:assert/strict'

const patience = 8000

export class Phoenix {
  /** `vsn` as in the URL; `null` sends none. */
  static async open(server, { vsn = '2.0.0', key = server.anonKey, query = '' } = {}) {
    const version = vsn === null ? '' : `&vsn=${vsn}`
    const url = `${server.apiUrl.replace('http', 'ws')}/realtime/v1/websocket?apikey=${key}${version}${query}`
    const phoenix = new Phoenix()
    phoenix.isOld = !vsn?.startsWith('2')
    phoenix.frames = []
    phoenix.waiting = new Set()
    phoenix.socket = new WebSocket(url)
    phoenix.socket.binaryType = 'arraybuffer'
    phoenix.next = 1
    phoenix.closed = new Promise((done) => phoenix.socket.addEventListener('close', (event) => {
      phoenix.closeCode = event.code
      done(event.code)
    }))
    phoenix.socket.addEventListener('message', ({ data }) => phoenix.#take(data))
    await new Promise((done, failed) => {
      phoenix.socket.addEventListener('open', done)
      phoenix.socket.addEventListener('error', () => failed(new Error('the handshake failed')))
    })
    return phoenix
  }

  #take(data) {
    this.frames.push(typeof data === 'string' ? this.#text(data) : binary(new Uint8Array(data)))
    for (const look of this.waiting) look()
  }

  #text(data) {
    const parsed = JSON.parse(data)
    if (this.isOld) {
      assert.deepEqual(Object.keys(parsed).sort(), ['event', 'payload', 'ref', 'topic'])
      return { ...parsed, raw: data }
    }
    assert.equal(parsed.length, 5)
    const [join_ref, ref, topic, event, payload] = parsed
    return { join_ref, ref, topic, event, payload, raw: data }
  }

  raw(data) {
    this.socket.send(data)
  }

  /** Sends a push and returns its reference. */
  push(topic, event, payload = {}, { join_ref = this.joinRefs?.[topic] ?? null, ref = String(this.next++) } = {}) {
    this.raw(JSON.stringify(this.isOld ? { topic, event, payload, ref, join_ref } : [join_ref, ref, topic, event, payload]))
    return ref
  }

  /** Sends a push and waits for its answer. */
  async ask(topic, event, payload, options) {
    const ref = this.push(topic, event, payload, options)
    return this.see((frame) => frame.event === 'phx_reply' && frame.ref === ref)
  }

  /** Joins and returns the whole reply. */
  async join(topic, config = {}, { token, ...more } = {}) {
    const ref = String(this.next++)
    this.joinRefs = { ...this.joinRefs, [topic]: ref }
    const payload = { config, ...(token ? { access_token: token } : {}), ...more }
    return this.ask(topic, 'phx_join', payload, { ref, join_ref: ref })
  }

  /** Kind 3. */
  user(topic, event, payload, { encoding = 1, meta = '', ref = String(this.next++), join_ref = this.joinRefs?.[topic] ?? '' } = {}) {
    const parts = [join_ref, ref, topic, event, meta].map((text) => Buffer.from(text))
    const head = Buffer.from([3, ...parts.map((part) => part.length), encoding])
    this.raw(Buffer.concat([head, ...parts, Buffer.from(payload)]))
    return ref
  }

  /** The first frame that fits, from those that nobody took so far; it is taken. */
  see(fits) {
    return new Promise((done, failed) => {
      const look = () => {
        const at = this.frames.findIndex(fits)
        if (at < 0) return
        clearTimeout(timer)
        this.waiting.delete(look)
        done(this.frames.splice(at, 1)[0])
      }
      const late = () => {
        this.waiting.delete(look)
        failed(new Error(`not seen: ${fits}\nseen: ${JSON.stringify(this.frames).slice(0, 2000)}`))
      }
      const timer = setTimeout(late, patience)
      this.waiting.add(look)
      look()
    })
  }

  event(topic, event) {
    return this.see((frame) => frame.topic === topic && frame.event === event)
  }

  /** Everything that was on its way is here: a heartbeat goes and comes. */
  async settled() {
    await this.ask('phoenix', 'heartbeat', {})
  }

  count(event) {
    return this.frames.filter((frame) => frame.event === event).length
  }

  async close() {
    this.socket.close()
    await this.closed
  }
}

/** Kind 4; there is no other that a client may get. */
function binary(bytes) {
  assert.equal(bytes[0], 4, 'only kind 4 goes to clients')
  const [, topicSize, eventSize, metaSize, encoding] = bytes
  let at = 5
  const take = (size) => Buffer.from(bytes.subarray(at, (at += size)))
  const [topic, event, meta] = [topicSize, eventSize, metaSize].map((size) => take(size).toString())
  const rest = Buffer.from(bytes.subarray(at))
  return {
    kind: 4, topic, event: 'broadcast', userEvent: event, meta: meta ? JSON.parse(meta) : undefined, encoding,
    payload: encoding === 1 ? JSON.parse(rest.toString()) : rest, join_ref: null, ref: null,
  }
}
