// kill -9 during uploads in parts: S3's CompleteMultipartUpload, and TUS. What was acknowledged is there afterwards, an upload
// that was cut can be finished (or is finished already), and in the end no blob is left without a row. `--rounds N` of each
// kind; prints "N passed, N failed".
import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { sleep } from '../kit/server.mjs'
import { Scene } from './scene.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, remote: { type: 'boolean', default: false } } })
const rounds = Number(values.rounds)
const workers = 4

const scene = new Scene('crash-parts', { 'storage.buckets.crash.public': false }, values)

/** A request of the S3 protocol, signed without its body. */
async function s3(method, path, query = {}, body = undefined) {
  const { status } = scene.server
  const url = new URL(`${scene.server.apiUrl}/storage/v1/s3${path}`)
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const region = status.S3_PROTOCOL_REGION
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`
  const headers = { host: url.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-date': time }
  const names = Object.keys(headers).sort()
  const asked = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).sort().join('&')
  const canonical = [
    method, url.pathname, asked, ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), 'UNSIGNED-PAYLOAD',
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const mac = (key, data) => createHmac('sha256', key).update(data).digest()
  const key = scope.split('/').reduce(mac, `AWS4${status.S3_PROTOCOL_ACCESS_KEY_SECRET}`)
  const authorization = `AWS4-HMAC-SHA256 Credential=${status.S3_PROTOCOL_ACCESS_KEY_ID}/${scope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${mac(key, text).toString('hex')}`
  const { host: _, ...sent } = headers
  const answer = await scene.ask(method, `/s3${path}${asked ? `?${asked}` : ''}`, body, { ...sent, authorization })
  return { ...answer, text: answer.body.toString() }
}

const problems = []
/** What each key holds by an answer, and the upload of each worker that is under way. */
const held = new Map()
const open = new Map()

function acknowledge(worker, upload) {
  scene.acknowledged += 1
  held.set(upload.key, upload.content)
  open.delete(worker)
}

const s3Upload = {
  async begin(key) {
    const answer = await s3('POST', `/crash/${key}`, { uploads: '' })
    if (answer.status !== 200) return undefined
    const id = /<UploadId>([^<]+)</.exec(answer.text)[1]
    const parts = Array.from({ length: randomInt(1, 4) }, () => randomBytes(randomInt(1, 300_000)))
    return { ...s3Upload, key, id, parts, content: Buffer.concat(parts), sent: 0 }
  },
  /** Goes on where it was. An answer that never came is asked for again. */
  async run(worker) {
    for (; this.sent < this.parts.length; this.sent++) {
      const query = { partNumber: String(this.sent + 1), uploadId: this.id }
      const answer = await s3('PUT', `/crash/${this.key}`, query, this.parts[this.sent])
      if (answer.status >= 500) return
      if (answer.status !== 200) throw new Error(`part: ${answer.text}`)
    }
    const isSecond = this.completing
    this.completing = true
    scene.begins()
    const answer = await s3('POST', `/crash/${this.key}`, { uploadId: this.id })
    // The first one was through, and its answer got lost.
    const isThrough = isSecond && answer.text.includes('NoSuchUpload')
    if (answer.status === 200 || isThrough) acknowledge(worker, this)
    else if (answer.status < 500) throw new Error(`complete: ${answer.text}`)
  },
}

const tusHeaders = { 'tus-resumable': '1.0.0', 'x-upsert': 'true' }

const tusUpload = {
  async begin(key) {
    const content = randomBytes(randomInt(1, 600_000))
    const encoded = (text) => Buffer.from(text).toString('base64')
    const answer = await scene.ask('POST', '/upload/resumable', undefined, {
      ...tusHeaders, 'upload-length': String(content.length),
      'upload-metadata': `bucketName ${encoded('crash')},objectName ${encoded(key)}`,
    })
    if (answer.status !== 201) return undefined
    return { ...tusUpload, key, content, path: `/upload/resumable/${answer.headers.get('location').split('/').pop()}`, told: 0 }
  },
  async run(worker) {
    const head = await scene.ask('HEAD', this.path, undefined, tusHeaders)
    if (head.status >= 500) return
    if (head.status !== 200) throw new Error(`${this.key} forgot its upload: ${head.status}`)
    let offset = Number(head.headers.get('upload-offset'))
    if (offset < this.told) throw new Error(`${this.key} lost bytes: ${offset} of ${this.told}`)
    while (offset < this.content.length) {
      const piece = this.content.subarray(offset, offset + randomInt(1, 300_000))
      scene.begins()
      const answer = await scene.ask('PATCH', this.path, piece, {
        ...tusHeaders, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream',
      })
      if (answer.status >= 500) return
      if (answer.status !== 204) throw new Error(`patch: ${answer.status} ${answer.body}`)
      offset = Number(answer.headers.get('upload-offset'))
      this.told = offset
    }
    acknowledge(worker, this)
  },
}

async function step(worker) {
  try {
    if (!open.has(worker)) {
      const kind = randomInt(2) ? s3Upload : tusUpload
      const upload = await kind.begin(`${worker}/${randomInt(3)}`)
      if (upload) open.set(worker, upload)
    }
    await open.get(worker)?.run(worker)
  } catch (error) {
    // A connection that broke; anything else is a finding.
    if (!(error instanceof TypeError || error.name === 'TimeoutError')) {
      problems.push(error.message)
      open.delete(worker)
    }
    await sleep(20)
  }
}

/** Every upload that was cut is finished; then each object is what was acknowledged last. */
async function wrong() {
  for (let tries = 0; open.size > 0 && tries < 100; tries++) {
    for (const worker of open.keys()) await step(worker)
  }
  const found = problems.splice(0)
  if (open.size > 0) found.push(`${open.size} uploads cannot be finished`)
  for (const [key, content] of held) {
    const answer = await scene.ask('GET', `/object/crash/${key}`)
    if (answer.status !== 200) found.push(`${key} is lost: ${answer.body}`)
    else if (!answer.body.equals(content)) found.push(`${key} holds something else (${answer.body.length} bytes)`)
  }
  const rows = await scene.query("select name from storage.objects where bucket_id = 'crash'")
  for (const { name } of rows) if (!held.has(name)) found.push(`nobody made ${name}`)
  return found
}

/** Uploads of which the client never learnt: it asks for the list, as S3's clients do, and gives them up. */
async function giveUp() {
  const list = await s3('GET', '/crash', { uploads: '' })
  const pairs = [...list.text.matchAll(/<Upload>.*?<\/Upload>/gs)].map(([upload]) => [
    /<Key>([^<]+)</.exec(upload)[1], /<UploadId>([^<]+)</.exec(upload)[1],
  ])
  for (const [key, uploadId] of pairs) {
    const answer = await s3('DELETE', `/crash/${key}`, { uploadId })
    if (answer.status !== 204) throw new Error(`abort: ${answer.text}`)
  }
}

await scene.play(async () => {
  for (const kind of Object.keys(scene.kinds)) {
    for (let round = 1; round <= rounds; round++) {
      await scene.killDuring(kind, workers, step)
      scene.judge(`${kind} ${round}`, await wrong())
    }
    await giveUp()
    await scene.settleAfter(kind)
    scene.judge(`${kind}, swept`, await scene.orphans())
  }
})
