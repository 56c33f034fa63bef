// What goes wrong around storage: a disk that fills up, pictures that are bombs, lengths that lie, clients that drip. The answer is
// an error or the right bytes, nothing is left behind, and memory stays where it was.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import pg from 'pg'
import { gif, png, profile, scans, text } from '../kit/bombs.mjs'
import { makeProject, sleep, startServer } from '../kit/server.mjs'
import { assertNoPanic } from '../kit/world.mjs'

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** Requests as the service itself. */
const asker = (server) => async (method, path, body, headers = {}) => {
  const answer = await fetch(`${server.apiUrl}/storage/v1${path}`, {
    method, body, signal: AbortSignal.timeout(60_000),
    headers: { authorization: `Bearer ${server.serviceKey}`, ...headers },
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const json = answer.headers.get('content-type')?.includes('json') ? JSON.parse(bytes.toString()) : undefined
  return { status: answer.status, headers: answer.headers, bytes, json }
}

/** Waits until something holds. */
async function until(what, holds) {
  const end = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > end) assert.fail(`never: ${what}`)
    await sleep(20)
  }
}

describe('a disk that is full', { skip: process.getuid() !== 0 && 'only root can make a small file system' }, () => {
  let folder, root, server, ask, database

  before(async () => {
    folder = makeProject('disk_full', { 'storage.buckets.files.public': false })
    root = join(folder, 'small')
    mkdirSync(root)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=700', 'tmpfs', root])
    server = await startServer({ name: 'disk_full', folder, ephemeral: false, env: { STORAGE_FILE_BACKEND_PATH: root } })
    ask = asker(server)
    database = new pg.Client({ connectionString: server.dbUrl })
    await database.connect()
  })
  after(async () => {
    await database?.end()
    await server?.stop()
    if (server) assertNoPanic(server.log())
    execFileSync('umount', [root])
    rmSync(folder, { recursive: true, force: true })
  })

  const put = (key, bytes) => ask('POST', `/object/files/${key}`, bytes, { 'x-upsert': 'true', 'content-type': 'text/plain' })
  const remove = (prefixes) => ask('DELETE', '/object/files', JSON.stringify({ prefixes }), { 'content-type': 'application/json' })
  const blobs = () => readdirSync(root).filter((name) => /^[0-9a-f]{2}$/.test(name)).flatMap((name) => readdirSync(join(root, name)))
  /** Rows and blobs are the same, and nothing is in flight. */
  const tidy = async () => {
    const { rows } = await database.query('select version from storage.objects order by 1')
    const versions = rows.map((row) => row.version)
    return readdirSync(join(root, 'pending')).length === 0 && JSON.stringify(blobs().sort()) === JSON.stringify(versions)
  }
  /** What was acknowledged, by key. */
  const there = new Map()

  test('is told to who uploads, and costs nobody what is there', async () => {
    for (let count = 0; ; count++) {
      const bytes = randomBytes(700_000)
      const answer = await put(`${count}`, bytes)
      if (answer.status !== 200) {
        assert.deepEqual(
          [answer.status, answer.json.code, answer.json.message], [507, 'InsufficientStorage', 'There is no space left for the object'])
        break
      }
      there.set(`${count}`, sha256(bytes))
      assert.ok(count < 20)
    }
    assert.ok(there.size >= 14, String(there.size))
    // A replacement that does not fit leaves what it would have replaced.
    assert.equal((await put('0', randomBytes(3_000_000))).status, 507)
    await until('nothing in flight', tidy)
    for (const [key, hash] of there) {
      const answer = await ask('GET', `/object/files/${key}`)
      assert.equal(sha256(answer.bytes), hash, key)
    }
  })

  test('a resumable upload waits for space and goes on', async () => {
    const bytes = randomBytes(3_000_000)
    const meta = (name, value) => `${name} ${Buffer.from(value).toString('base64')}`
    const tus = { 'tus-resumable': '1.0.0' }
    const made = await ask('POST', '/upload/resumable', undefined, {
      ...tus, 'upload-length': String(bytes.length), 'upload-metadata': `${meta('bucketName', 'files')},${meta('objectName', 'resumed')}`,
    })
    assert.equal(made.status, 201)
    const path = new URL(made.headers.get('location')).pathname.replace('/storage/v1', '')
    const offset = async () => Number((await ask('HEAD', path, undefined, tus)).headers.get('upload-offset'))
    const patch = async () => {
      const at = await offset()
      return ask('PATCH', path, bytes.subarray(at), { ...tus, 'upload-offset': String(at), 'content-type': 'application/offset+octet-stream' })
    }
    assert.equal((await patch()).status, 507)
    assert.ok((await offset()) < bytes.length)
    assert.equal((await remove(['1', '2', '3', '4', '5', '6'])).status, 200)
    for (const key of ['1', '2', '3', '4', '5', '6']) there.delete(key)
    await until('space', async () => (await patch()).status === 204)
    there.set('resumed', sha256(bytes))
    await until('nothing in flight', tidy)
    const answer = await ask('GET', '/object/files/resumed')
    assert.equal(sha256(answer.bytes), sha256(bytes))
  })

  test('space that comes back is used, and the next start finds all', async () => {
    assert.equal((await put('again', 'again')).status, 200)
    there.set('again', sha256('again'))
    await database.end()
    await server.stop()
    server = await startServer({ name: 'disk_full', folder, ephemeral: false, env: { STORAGE_FILE_BACKEND_PATH: root } })
    ask = asker(server)
    database = new pg.Client({ connectionString: server.dbUrl })
    await database.connect()
    for (const [key, hash] of there) assert.equal(sha256((await ask('GET', `/object/files/${key}`)).bytes), hash, key)
    assert.ok(await tidy())
  })
})

describe('with little memory', () => {
  let server, ask

  before(async () => {
    server = await startServer({ name: 'storage_faults', config: { 'storage.buckets.b.public': true } })
    ask = asker(server)
  })
  after(async () => {
    await server?.stop()
    if (server) assertNoPanic(server.log())
  })

  /** Most that the process ever held, in MiB. */
  const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024
  const put = (key, bytes, headers) => ask('POST', `/object/b/${key}`, bytes, { 'x-upsert': 'true', 'content-type': 'image/png', ...headers })
  const render = (key, query = 'width=8') => ask('GET', `/render/image/public/b/${key}?${query}`)

  test('pictures that are bombs', async () => {
    // What any picture costs once.
    await put('small', png(64, 64))
    assert.equal((await render('small')).status, 200)
    const unusable = 'The source image is invalid or unsupported for rendering'
    const large = 'The source image resolution is too large'
    const lol = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "${'lol'.repeat(50)}">${
      'bcdefghi'.split('').map((name, at) => `<!ENTITY ${name} "${`&${'abcdefgh'[at]};`.repeat(50)}">`).join('')}]><svg>&i;</svg>`
    const lie = png(64, 64)
    lie.writeUInt32BE(0x7fffffff, 16)
    for (const [key, bytes, wanted] of [
      // 400 million pixels in some kilobytes; 49 million are allowed, and are one byte each here.
      ['pixels', png(20_000, 20_000, { bits: 1 }), large],
      ['lie', lie, unusable],
      ['profile', png(64, 64, { further: [profile(400 << 20)] }), undefined],
      ['text', png(64, 64, { further: Array(3).fill(text(400 << 20)) }), undefined],
      ['frames', gif(64, 64, 100_000), undefined],
      ['screen', gif(65_535, 65_535, 1), large],
      ['entities', Buffer.from(lol), unusable],
    ]) {
      assert.equal((await put(key, bytes)).status, 200, key)
      const before = peak()
      const started = Date.now()
      const answer = await render(key)
      if (wanted) assert.deepEqual([answer.status, answer.json?.message], [400, wanted], key)
      else assert.ok(answer.status === 200 || answer.json?.message === unusable, `${key}: ${answer.status}`)
      assert.ok(peak() - before < 48, `${key}: ${peak() - before} MiB`)
      assert.ok(Date.now() - started < 15_000, key)
    }
  })

  test('a picture that keeps the decoder busy', async () => {
    // Ten thousand passes over sixteen million pixels, in a megabyte.
    assert.equal((await put('scans', scans(4000, 4000, 10_000))).status, 200)
    const started = Date.now()
    const answers = await Promise.all([8, 9, 10, 11].map((width) => render('scans', `width=${width}`)))
    for (const answer of answers) assert.ok([200, 400].includes(answer.status), String(answer.status))
    assert.ok(Date.now() - started < 20_000)
    // Nobody else has to wait for it.
    await until('another picture', async () => (await render('small', 'width=9')).status === 200)
  })

  test('more pictures at once than may wait', async () => {
    assert.equal((await put('work', png(3000, 3000))).status, 200)
    const answers = await Promise.all(Array.from({ length: 400 }, (_, at) => render('work', `width=${at + 1}&quality=${20 + (at % 80)}`)))
    const statuses = Map.groupBy(answers, (answer) => answer.status)
    // Too late is 504 in the body.
    for (const { status, json } of answers) assert.ok([200, 429].includes(status) || json.statusCode === '504', `${status}: ${json?.message}`)
    assert.ok((statuses.get(429) ?? []).length > 0)
    for (const answer of statuses.get(429)) assert.equal(answer.json.code, 'SlowDown')
    await until('place again', async () => (await render('work', 'width=1')).status === 200)
  })

  test('what is packed stays packed', async () => {
    const bomb = gzipSync(Buffer.alloc(300 << 20))
    const before = peak()
    assert.equal((await put('bomb.gz', bomb, { 'content-encoding': 'gzip', 'content-type': 'application/gzip' })).status, 200)
    const answer = await fetch(`${server.apiUrl}/storage/v1/object/public/b/bomb.gz`)
    assert.equal(Number(answer.headers.get('content-length')), bomb.length)
    assert.equal(answer.headers.get('content-encoding'), null)
    assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), sha256(bomb))
    assert.ok(peak() - before < 16, `${peak() - before} MiB`)
  })

  /** Sends text as it is; what comes back until the connection ends, or in a second. */
  const raw = (head, body = '', key = 'untrue') => new Promise((done) => {
    const { hostname, port } = new URL(server.apiUrl)
    const socket = connect(Number(port), hostname)
    let answer = ''
    const end = () => { socket.destroy(); done(answer) }
    socket.on('data', (bytes) => { answer += bytes })
    socket.on('close', end)
    socket.on('error', end)
    setTimeout(end, 1000)
    socket.write(`POST /storage/v1/object/b/${key} HTTP/1.1\r\nHost: h\r\nx-upsert: true\r\nAuthorization: Bearer ${server.serviceKey}\r\n${head}\r\n\r\n${body}`)
  })

  test('lengths that lie', async () => {
    const type = 'Content-Type: text/plain\r\n'
    for (const [head, body] of [
      [`${type}Content-Length: -1`, 'x'],
      [`${type}Content-Length: 1e9`, 'x'],
      [`${type}Content-Length: 99999999999999999999999`, 'x'],
      [`${type}Content-Length: 3\r\nContent-Length: 5`, 'hello'],
      [`${type}Content-Length: 3\r\nTransfer-Encoding: gzip`, 'hello'],
      [`${type}Transfer-Encoding: chunked`, 'zz\r\nhello\r\n0\r\n\r\n'],
      [`${type}Transfer-Encoding: chunked`, 'ffffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
      [`${type}Content-Length: 60000000`, ''],
    ]) {
      const answer = await raw(head, body)
      assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/, `${head}: ${answer}`)
    }
    // A form that ends before its end.
    const form = '--X\r\nContent-Disposition: form-data; name=""; filename="f"\r\n\r\nhello'
    assert.match(await raw(`Content-Type: multipart/form-data; boundary=X\r\nContent-Length: ${form.length}`, form), /^HTTP\/1\.1 400 /)
    assert.equal((await ask('GET', '/object/b/untrue')).json.code, 'NoSuchKey')
    // More bytes than were announced are no part of the object, and no request.
    const smuggled = 'DELETE /storage/v1/object/b/small HTTP/1.1\r\nHost: h\r\n\r\n'
    const answer = await raw(`${type}Content-Length: 5`, `hello${smuggled}`, 'short')
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.equal((await ask('GET', '/object/b/short')).bytes.toString(), 'hello')
    assert.equal((await ask('GET', '/object/b/small')).status, 200)
    // Both lengths: the body is what the chunks say, and the connection ends with it.
    const both = await raw(`${type}Content-Length: 3\r\nTransfer-Encoding: chunked`, '5\r\nhello\r\n0\r\n\r\n', 'both')
    if (/^HTTP\/1\.1 200 /.test(both)) assert.equal((await ask('GET', '/object/b/both')).bytes.toString(), 'hello')
    else assert.match(both, /^HTTP\/1\.1 400 /)
  })

  test('many slow uploads', async () => {
    const before = peak()
    const { hostname, port } = new URL(server.apiUrl)
    const sockets = Array.from({ length: 500 }, (_, at) => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      socket.write(`POST /storage/v1/object/b/slow${at} HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\nAuthorization: Bearer ${server.serviceKey}\r\n\r\n`)
      return socket
    })
    for (let round = 0; round < 10; round++) {
      for (const socket of sockets) socket.write('x')
      const started = Date.now()
      assert.equal((await put('quick', 'quick', { 'content-type': 'text/plain' })).status, 200)
      assert.ok(Date.now() - started < 2000)
      await sleep(50)
    }
    assert.ok(peak() - before < 40, `${peak() - before} MiB`)
    for (const socket of sockets) socket.destroy()
    assert.equal((await ask('GET', '/object/b/slow1')).json.code, 'NoSuchKey')
  })
})
