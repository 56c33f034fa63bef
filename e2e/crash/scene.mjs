// A server with storage that is killed again and again: how it dies, when, and what has to hold once it is back.
import { randomInt } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { isHealthy, makeProject, postmaster, sleep, startServer } from '../kit/server.mjs'

/** Versions that rows name: of objects, of parts, and of resumable uploads that are not through. */
const known = `
  select version from storage.objects
  union all select version from storage.s3_multipart_uploads_parts
  union all select version from _ferrobase.storage_uploads where completed_at is null`

export class Scene {
  /** `remote`: the bytes are in the bucket of another server, which goes on whatever dies here. */
  constructor(name, config, { remote = false } = {}) {
    this.name = name
    this.config = config
    this.remote = remote
    this.passed = 0
    this.failed = 0
    this.acknowledged = 0
    this.fuse = null
  }

  async prepare() {
    let config = this.config
    if (this.remote) {
      this.store = await startServer({ name: `${this.name}-store`, config: { 'storage.buckets.blobs.public': false } })
      const { apiUrl, status } = this.store
      const settings = {
        bucket: 'blobs', endpoint: `${apiUrl}/storage/v1/s3`, region: status.S3_PROTOCOL_REGION, force_path_style: true,
        part_size: '5MB', abandoned_seconds: 10,
        access_key_id: status.S3_PROTOCOL_ACCESS_KEY_ID, secret_access_key: status.S3_PROTOCOL_ACCESS_KEY_SECRET,
      }
      const below = Object.entries(settings).map(([name, value]) => [`storage.s3_store.${name}`, value])
      config = { ...config, 'storage.backend': 's3', ...Object.fromEntries(below) }
    }
    this.folder = makeProject(this.name, config)
    this.root = join(this.folder, 'supabase', '.ferrobase', 'storage')
  }

  async start() {
    this.server = await startServer({ name: this.name, folder: this.folder, ephemeral: false })
  }

  /** Everything that dies in one kind of crash. After a crash of PostgreSQL alone the server goes on. */
  kinds = {
    ferrobase: async () => {
      process.kill(this.server.pid, 'SIGKILL')
      await this.server.exited
    },
    postgresql: async () => {
      process.kill(postmaster(this.server.pid), 'SIGKILL')
    },
    both: async () => {
      const database = postmaster(this.server.pid)
      process.kill(this.server.pid, 'SIGKILL')
      process.kill(database, 'SIGKILL')
      await this.server.exited
    },
  }

  async ask(method, path, body, headers = {}) {
    const answer = await fetch(`${this.server.apiUrl}/storage/v1${path}`, {
      method, body, signal: AbortSignal.timeout(15_000),
      headers: { authorization: `Bearer ${this.server.serviceKey}`, ...headers },
    })
    return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) }
  }

  /** To be called where an operation begins: the kill comes with one of the next 200, and a few milliseconds into it. */
  begins() {
    if (this.fuse && --this.fuse.left === 0) setTimeout(this.fuse.burn, randomInt(12))
  }

  /** Lets workers (functions that take their number and a count) go on until the kill. */
  async killDuring(kind, workers, step) {
    let running = true
    const burnt = new Promise((burn) => { this.fuse = { left: randomInt(20, 201), burn } })
    const done = Promise.all(Array.from({ length: workers }, async (_, number) => {
      for (let count = 0; running; count++) await step(number, count)
    }))
    const before = this.acknowledged
    await Promise.race([burnt, done])
    await this.kinds[kind]()
    if (kind === 'postgresql') await sleep(50).then(() => this.untilHealthy())
    running = false
    await done
    if (kind !== 'postgresql') await this.start()
    await this.untilHealthy()
    if (this.acknowledged === before) throw new Error('nothing was acknowledged before the crash')
  }

  /** Restarts after a crash of PostgreSQL alone: what that left undecided is looked at by the next process. */
  async settleAfter(kind) {
    if (kind !== 'postgresql') return
    await this.kinds.ferrobase()
    await this.start()
  }

  async untilHealthy() {
    const end = Date.now() + 60_000
    while (!(await isHealthy(this.server.apiUrl))) {
      if (Date.now() > end) throw new Error(`not healthy again:\n${this.server.log().slice(-3000)}`)
      await sleep(20)
    }
  }

  async query(sql, server = this.server) {
    const connection = new pg.Client({ connectionString: server.dbUrl })
    await connection.connect()
    const { rows } = await connection.query(sql)
    await connection.end()
    return rows
  }

  /** The versions that there are bytes of, and those that are marked as in flight. */
  async blobs() {
    if (this.remote) {
      const names = (await this.query('select name from storage.objects', this.store)).map((row) => row.name)
      const marked = names.filter((name) => name.startsWith('pending/'))
      return { there: names.filter((name) => !marked.includes(name)).map((name) => name.split('/')[0]), marked }
    }
    const folders = readdirSync(this.root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'pending')
    return { there: folders.flatMap((entry) => readdirSync(join(this.root, entry.name))), marked: readdirSync(join(this.root, 'pending')) }
  }

  /** What is left without a row once the sweep had time: it looks for leftovers ten seconds after a start. */
  async orphans() {
    const end = Date.now() + 40_000
    for (;;) {
      const versions = new Set((await this.query(known)).map((row) => row.version))
      const { there, marked } = await this.blobs()
      const left = there.filter((version) => !versions.has(version))
      if (left.length + marked.length === 0) return []
      if (Date.now() > end) return [...left.map((version) => `${version} has no row`), ...marked.map((name) => `${name} is still marked`)]
      await sleep(200)
    }
  }

  judge(what, problems) {
    if (problems.length === 0) this.passed += 1
    else this.failed += 1
    console.log(`${what}: ${this.acknowledged} acknowledged: ${problems.length === 0 ? 'ok' : problems.slice(0, 10).join('; ')}`)
  }

  /** Runs the whole and prints the closing line. The exit status says whether all was well. */
  async play(act) {
    try {
      await this.prepare()
      await this.start()
      await act()
    } catch (error) {
      this.failed += 1
      console.error(error)
    } finally {
      await this.server?.stop()
      await this.store?.stop()
      if (this.folder) rmSync(this.folder, { recursive: true, force: true })
    }
    console.log(`${this.passed} passed, ${this.failed} failed`)
    process.exit(this.failed === 0 ? 0 : 1)
  }
}
