// The S3 protocol by the clients that people have: large files with the connection cut three times and the server killed once,
// by boto3 and by `aws`, whose other commands work as well. `S3_MEGABYTES` sets the size.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'
import { admin, ok } from '../kit/client.mjs'
import { cuttable, troubled } from '../kit/relay.mjs'
import { makeProject, memory, sleep, startServer } from '../kit/server.mjs'
import { assertNoPanic, generous } from '../kit/world.mjs'

const megabytes = Number(process.env.S3_MEGABYTES ?? 60)
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

let folder
let files
let server
let relay

const start = () => startServer({ name: 's3', folder, ephemeral: false })

before(async () => {
  files = mkdtempSync(join(tmpdir(), 'ferrobase-e2e-s3-files-'))
  folder = makeProject('s3', { ...generous, 'storage.file_size_limit': '500MB', 'storage.buckets.files.public': false })
  server = await start()
  relay = await cuttable(() => Number(new URL(server.apiUrl).port))
})
after(async () => {
  relay?.close()
  await server?.stop()
  if (server) assertNoPanic(server.log())
  for (const made of [folder, files]) if (made) rmSync(made, { recursive: true, force: true })
})

/** Runs a client with the project's keys; its output, or its complaint where it has to fail. */
function run(command, given, { env = {}, fails = false } = {}) {
  const url = `${relay.url}/storage/v1/s3`
  const child = spawn(command, given, {
    cwd: files,
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: server.status.S3_PROTOCOL_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY: server.status.S3_PROTOCOL_ACCESS_KEY_SECRET,
      AWS_DEFAULT_REGION: server.status.S3_PROTOCOL_REGION,
      AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_PAGER: '',
      S3_URL: url, ...env,
    },
  })
  return new Promise((done, fail) => {
    let [out, err] = ['', '']
    child.stdout.on('data', (bytes) => { out += bytes })
    child.stderr.on('data', (bytes) => { err += bytes })
    child.on('error', fail)
    child.on('close', (code) => {
      if ((code !== 0) !== fails) fail(new Error(`${command} ${given.join(' ')} ended with ${code}\n${out}\n${err}`))
      else done(fails ? err : out)
    })
  })
}
// Older ones know no variable for the address.
const awsWith = (options, ...given) => run('aws', [...given, '--endpoint-url', `${relay.url}/storage/v1/s3`], options)
const aws = (...given) => awsWith({}, ...given)

describe('large files', () => {
  const upload = fileURLToPath(new URL('./s3/upload.py', import.meta.url))
  const ways = {
    boto3: (name) => run('python3', [upload], { env: { S3_BUCKET: 'files', S3_OBJECT: name, S3_FILE: name } }),
    aws: (name) => awsWith({ env: { AWS_MAX_ATTEMPTS: '10', AWS_RETRY_MODE: 'standard' } }, 's3', 'cp', name, `s3://files/${name}`, '--quiet'),
  }
  for (const [client, send] of Object.entries(ways)) {
    test(`${megabytes} MB by ${client}: three cuts, one kill`, { timeout: 300_000 }, async () => {
      const bytes = randomBytes(megabytes * 1_000_000)
      const name = `large by ${client}`
      writeFileSync(join(files, name), bytes)
      const begun = Date.now()
      const trouble = troubled(relay, bytes.length, async () => {
        server.child.kill('SIGKILL')
        await server.exited
        server = await start()
      })
      await send(name)
      await trouble.settled()
      assert.deepEqual(trouble.came, { cuts: 3, kills: 1 })
      console.log(`# ${megabytes} MB by ${client}: ${Date.now() - begun} ms, ${(trouble.sent() / 1e6).toFixed(1)} MB sent, ${memory(server)}`)
      const object = admin(server).storage.from('files')
      const hash = createHash('sha256')
      for await (const chunk of ok(await object.download(name).asStream())) hash.update(chunk)
      assert.equal(hash.digest('hex'), sha256(bytes))
      ok(await object.remove([name]))
    })
  }

  test('nothing is left of the parts, nor of those that the crash ended', async () => {
    const blobs = join(folder, 'supabase', '.ferrobase', 'storage')
    const left = () => readdirSync(blobs, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name).filter((name) => !['lock', 'marker'].includes(name))
    // What was in flight is looked for ten seconds after the start.
    const end = Date.now() + 30_000
    while (left().length > 0 && Date.now() < end) await sleep(200)
    assert.deepEqual(left(), [])
  })
})

describe('aws s3', () => {
  before(() => {
    mkdirSync(join(files, 'tree', 'sub dir'), { recursive: true })
    for (const [name, content] of [['a.txt', 'a'], ['sub dir/b+c&d.txt', 'b'], ['empty', '']]) writeFileSync(join(files, 'tree', name), content)
    writeFileSync(join(files, 'large'), randomBytes(20_000_000))
  })
  const keys = async (prefix = '') => (await aws('s3', 'ls', `s3://cli/${prefix}`, '--recursive')).split('\n').filter(Boolean).map((line) => line.slice(31))

  test('mb, cp, ls', async () => {
    await aws('s3', 'mb', 's3://cli')
    await aws('s3', 'cp', 'large', 's3://cli/large')
    await aws('s3', 'cp', 'tree', 's3://cli/tree/', '--recursive')
    assert.match(await aws('s3', 'ls'), / cli\n/)
    assert.match(await aws('s3', 'ls', 's3://cli/'), /PRE tree\/\n.* 20000000 large\n/)
    assert.deepEqual(await keys(), ['large', 'tree/a.txt', 'tree/empty', 'tree/sub dir/b+c&d.txt'])
    await aws('s3', 'cp', 's3://cli/large', 'again')
    assert.equal(sha256(readFileSync(join(files, 'again'))), sha256(readFileSync(join(files, 'large'))))
    assert.equal(await aws('s3', 'cp', 's3://cli/tree/sub dir/b+c&d.txt', '-'), 'b')
  })

  test('sync, both ways', async () => {
    assert.equal(await aws('s3', 'sync', 'tree', 's3://cli/tree/', '--delete'), '')
    writeFileSync(join(files, 'tree', 'a.txt'), 'changed')
    rmSync(join(files, 'tree', 'empty'))
    assert.match(await aws('s3', 'sync', 'tree', 's3://cli/tree/', '--delete', '--no-progress'), /delete: s3:\/\/cli\/tree\/empty/)
    assert.deepEqual(await keys('tree/'), ['tree/a.txt', 'tree/sub dir/b+c&d.txt'])
    await aws('s3', 'sync', 's3://cli/tree/', 'back')
    assert.equal(readFileSync(join(files, 'back', 'a.txt'), 'utf8'), 'changed')
    assert.equal(readFileSync(join(files, 'back', 'sub dir', 'b+c&d.txt'), 'utf8'), 'b')
  })

  test('mv and cp within the server, in parts', async () => {
    await aws('s3', 'mv', 's3://cli/large', 's3://cli/moved', '--metadata', 'colour=blue')
    await aws('s3', 'cp', 's3://cli/moved', 's3://cli/copied', '--metadata-directive', 'REPLACE', '--content-type', 'video/mp4')
    const head = JSON.parse(await aws('s3api', 'head-object', '--bucket', 'cli', '--key', 'copied'))
    assert.deepEqual([head.ContentLength, head.ContentType, head.Metadata], [20_000_000, 'video/mp4', {}])
    assert.deepEqual(await keys(), ['copied', 'moved', 'tree/a.txt', 'tree/sub dir/b+c&d.txt'])
  })

  test('presign', async () => {
    const url = (await aws('s3', 'presign', 's3://cli/tree/sub dir/b+c&d.txt', '--expires-in', '60')).trim()
    assert.equal(await (await fetch(url)).text(), 'b')
    assert.equal((await fetch(url.replace('Expires=60', 'Expires=61'))).status, 403)
  })

  test('rm and rb', async () => {
    await aws('s3', 'rm', 's3://cli/tree', '--recursive')
    assert.deepEqual(await keys(), ['copied', 'moved'])
    assert.match(await awsWith({ fails: true }, 's3', 'rb', 's3://cli'), /not empty/)
    await aws('s3', 'rb', 's3://cli', '--force')
    assert.doesNotMatch(await aws('s3', 'ls'), / cli\n/)
  })

  test('what is not there is refused, not ignored', async () => {
    assert.match(await awsWith({ fails: true }, 's3api', 'get-bucket-acl', '--bucket', 'files'), /NotImplemented/)
  })
})
