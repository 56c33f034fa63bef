// kill -9 of ferrobase, of its PostgreSQL, and of both, under sign-up load: every acknowledged user is there after the
// next start, which needs no manual step. `--rounds N` of each kind; prints "N passed, N failed".
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { isHealthy, makeProject, postmaster, sleep, startServer } from '../kit/server.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)
const workers = 4

const folder = makeProject('crash', {
  'auth.email.enable_confirmations': false,
  'auth.rate_limit.sign_in_sign_ups': 1000000,
})
const acknowledged = new Set()
let server = await start()
let passed = 0
let failed = 0

function start() {
  return startServer({ name: 'crash', folder, ephemeral: false })
}

/** Signs users up until told to stop; an answer of 200 is a promise. */
function load() {
  let running = true
  const worker = async () => {
    while (running) {
      const email = `${randomUUID()}@example.com`
      try {
        const answer = await fetch(`${server.apiUrl}/auth/v1/signup`, {
          method: 'POST',
          headers: { apikey: server.anonKey, 'content-type': 'application/json' },
          body: JSON.stringify({ email, password: 'correct horse 1' }),
          signal: AbortSignal.timeout(15_000),
        })
        await answer.text()
        if (answer.status === 200) acknowledged.add(email)
        else await sleep(20)
      } catch {
        await sleep(20)
      }
    }
  }
  const done = Promise.all(Array.from({ length: workers }, worker))
  return async () => {
    running = false
    await done
  }
}

async function check(kind, round, started) {
  const connection = new pg.Client({ connectionString: server.dbUrl })
  await connection.connect()
  const { rows } = await connection.query('select email from auth.users')
  await connection.end()
  const there = new Set(rows.map((row) => row.email))
  const lost = [...acknowledged].filter((email) => !there.has(email))
  if (lost.length === 0) passed += 1
  else failed += 1
  const verdict = lost.length === 0 ? 'ok' : `LOST ${lost.length}`
  console.log(`${kind} ${round}: ${acknowledged.size} acknowledged, ${there.size} there, back after ${Date.now() - started} ms: ${verdict}`)
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

try {
  for (const [kind, kill] of Object.entries(kinds)) {
    for (let round = 1; round <= rounds; round++) {
      const stop = load()
      await sleep(300 + Math.random() * 700)
      const before = acknowledged.size
      await kill()
      const started = Date.now()
      if (kind === 'postgresql') await sleep(50).then(untilHealthy)
      await stop()
      if (kind !== 'postgresql') server = await start()
      await untilHealthy()
      if (before === 0) throw new Error('nothing was acknowledged before the crash')
      await check(kind, round, started)
    }
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
