// kill -9 of ferrobase, of its PostgreSQL, and of both, under uploads, replacements, copies, moves and deletions: no
// acknowledged object is lost or half, every row has its blob, and no blob is left without a row. `--rounds N` of each
// kind; prints "N passed, N failed".
import { createHash, randomInt } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { isHealthy, makeProject, postmaster, sleep, startServer } from '../kit/server.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)
const workers = 6

const folder = makeProject('crash-storage', { 'storage.buckets.crash.public': false })
const root = join(folder, 'supabase', '.ferrobase', 'storage')
let server = await start()
let passed = 0
let failed = 0
let acknowledged = 0

function start() {
  return startServer({ name: 'crash-storage', folder, ephemeral: false })
}

/** What a key may hold: the contents (null: nothing) that the answers, and those that never came, leave possible. */
const possible = new Map()

function content(worker, count) {
  return `${worker}:${count};`.repeat(randomInt(1, 40_000))
}

async function ask(method, path, body, headers = {}) {
  const answer = await fetch(`${server.apiUrl}/storage/v1${path}`, {
    method, body, signal: AbortSignal.timeout(15_000),
    headers: { authorization: `Bearer ${server.serviceKey}`, ...headers },
  })
  await answer.arrayBuffer()
  return answer.status
}
const order = (path, body) => ask('POST', path, JSON.stringify(body), { 'content-type': 'application/json' })

/** Each worker has keys of its own, so that it knows what has to be there. */
async function step(worker, count) {
  const keys = [0, 1, 2].map((n) => `${worker}/${n}`)
  const [from, to] = [keys[randomInt(3)], keys[randomInt(3)]]
  const [before, there] = [possible.get(from) ?? [null], possible.get(to) ?? [null]]
  const kind = randomInt(10)
  // What the step makes of its keys, should it take place.
  let after
  let run
  if (kind < 5 || before.includes(null)) {
    const body = content(worker, count)
    after = [[from, [body]]]
    run = () => ask('POST', `/object/crash/${from}`, body, { 'x-upsert': 'true', 'content-type': 'text/plain' })
  } else if (kind < 7 && from !== to) {
    after = [[to, before]]
    run = () => order('/object/copy', { bucketId: 'crash', sourceKey: from, destinationKey: to })
    if (!there.every((one) => one === null)) {
      run = () => ask('DELETE', `/object/crash/${to}`)
      after = [[to, [null]]]
    }
  } else if (kind < 9 && from !== to && there.every((one) => one === null)) {
    after = [[from, [null]], [to, before]]
    run = () => order('/object/move', { bucketId: 'crash', sourceKey: from, destinationKey: to })
  } else {
    after = [[from, [null]]]
    run = () => ask('DELETE', `/object/crash/${from}`)
  }
  let status
  try {
    status = await run()
  } catch {
    status = undefined
  }
  if (status === 200) acknowledged += 1
  for (const [key, contents] of after) {
    // Without an answer, or with an error of the server, either is right.
    const old = possible.get(key) ?? [null]
    possible.set(key, status === 200 ? contents : status === 400 ? old : [...old, ...contents])
  }
  if (status !== 200) await sleep(20)
}

function load() {
  let running = true
  const worker = async (number) => {
    for (let count = 0; running; count++) await step(number, count)
  }
  const done = Promise.all(Array.from({ length: workers }, (_, number) => worker(number)))
  return async () => {
    running = false
    await done
  }
}

const blobs = () => readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'pending')
  .flatMap((entry) => readdirSync(join(root, entry.name)).map((name) => join(root, entry.name, name)))

const digest = (data) => createHash('md5').update(data).digest('hex')

async function rowsOf() {
  const connection = new pg.Client({ connectionString: server.dbUrl })
  await connection.connect()
  const { rows } = await connection.query("select name, version, metadata->>'eTag' as tag from storage.objects where bucket_id = 'crash'")
  await connection.end()
  return rows
}

/** Everything that is wrong now. Whoever asks later knows what it is: doubts end here. */
async function wrong() {
  const found = []
  const rows = new Map((await rowsOf()).map((row) => [row.name, row]))
  for (const [key, contents] of possible) {
    const row = rows.get(key)
    if (!row) {
      if (!contents.includes(null)) found.push(`${key} is lost`)
      possible.set(key, [null])
      continue
    }
    const answer = await fetch(`${server.apiUrl}/storage/v1/object/crash/${key}`, { headers: { authorization: `Bearer ${server.serviceKey}` } })
    const body = await answer.text()
    if (answer.status !== 200) found.push(`${key} has no blob: ${body}`)
    else if (!contents.includes(body)) found.push(`${key} holds something else (${body.length} bytes)`)
    else if (row.tag !== `"${digest(body)}"`) found.push(`${key} has another tag`)
    possible.set(key, [body])
  }
  for (const key of rows.keys()) if (!possible.has(key)) found.push(`nobody made ${key}`)
  return found
}

/** What is left without a row once the sweep had time: it looks for leftovers ten seconds after a start. */
async function orphans() {
  const end = Date.now() + 40_000
  for (;;) {
    const known = new Set((await rowsOf()).map((row) => row.version))
    const left = blobs().filter((path) => !known.has(path.slice(-36)))
    const markers = readdirSync(join(root, 'pending'))
    if (left.length + markers.length === 0) return []
    if (Date.now() > end) return [...left.map((path) => `${path} has no row`), ...markers.map((name) => `${name} is still marked`)]
    await sleep(200)
  }
}

async function untilHealthy() {
  const end = Date.now() + 60_000
  while (!(await isHealthy(server.apiUrl))) {
    if (Date.now() > end) throw new Error(`not healthy again:\n${server.log().slice(-3000)}`)
    await sleep(20)
  }
}

const kinds = {
  async ferrobase() {
    process.kill(server.pid, 'SIGKILL')
    await server.exited
  },
  async postgresql() {
    process.kill(postmaster(server.pid), 'SIGKILL')
  },
  async both() {
    const database = postmaster(server.pid)
    process.kill(server.pid, 'SIGKILL')
    process.kill(database, 'SIGKILL')
    await server.exited
  },
}

function judge(what, problems) {
  if (problems.length === 0) passed += 1
  else failed += 1
  console.log(`${what}: ${acknowledged} acknowledged: ${problems.length === 0 ? 'ok' : problems.slice(0, 10).join('; ')}`)
}

try {
  for (const [kind, kill] of Object.entries(kinds)) {
    for (let round = 1; round <= rounds; round++) {
      const before = acknowledged
      const stop = load()
      await sleep(300 + Math.random() * 700)
      await kill()
      if (kind === 'postgresql') await sleep(50).then(untilHealthy)
      await stop()
      if (kind !== 'postgresql') server = await start()
      await untilHealthy()
      if (acknowledged === before) throw new Error('nothing was acknowledged before the crash')
      judge(`${kind} ${round}`, await wrong())
    }
    // What a lost database connection left undecided is looked at by the next process.
    if (kind === 'postgresql') {
      await kinds.ferrobase()
      server = await start()
    }
    judge(`${kind}, swept`, await orphans())
  }
} catch (error) {
  failed += 1
  console.error(error)
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
