// kill -9 of ferrobase, of its PostgreSQL, and of both, at any of 200 uploads, replacements, copies, moves and deletions: no
// acknowledged object is lost or half, every row has its blob, and no blob is left without a row. `--rounds N` of each
// kind; prints "N passed, N failed".
import { createHash, randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { sleep } from '../kit/server.mjs'
import { Scene } from './scene.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, remote: { type: 'boolean', default: false } } })
const rounds = Number(values.rounds)
const workers = 6

const scene = new Scene('crash-storage', { 'storage.buckets.crash.public': false }, values)

/** What a key may hold: the contents (null: nothing) that the answers, and those that never came, leave possible. */
const possible = new Map()

function content(worker, count) {
  return `${worker}:${count};`.repeat(randomInt(1, 40_000))
}

const status = async (...request) => (await scene.ask(...request)).status
const order = (path, body) => status('POST', path, JSON.stringify(body), { 'content-type': 'application/json' })

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
    run = () => status('POST', `/object/crash/${from}`, body, { 'x-upsert': 'true', 'content-type': 'text/plain' })
  } else if (kind < 7 && from !== to) {
    after = [[to, before]]
    run = () => order('/object/copy', { bucketId: 'crash', sourceKey: from, destinationKey: to })
    if (!there.every((one) => one === null)) {
      run = () => status('DELETE', `/object/crash/${to}`)
      after = [[to, [null]]]
    }
  } else if (kind < 9 && from !== to && there.every((one) => one === null)) {
    after = [[from, [null]], [to, before]]
    run = () => order('/object/move', { bucketId: 'crash', sourceKey: from, destinationKey: to })
  } else {
    after = [[from, [null]]]
    run = () => status('DELETE', `/object/crash/${from}`)
  }
  scene.begins()
  const answer = await run().catch(() => undefined)
  if (answer === 200) scene.acknowledged += 1
  for (const [key, contents] of after) {
    // Without an answer, or with an error of the server, either is right.
    const old = possible.get(key) ?? [null]
    possible.set(key, answer === 200 ? contents : answer === 400 ? old : [...old, ...contents])
  }
  if (answer !== 200) await sleep(20)
}

const digest = (data) => createHash('md5').update(data).digest('hex')

/** Everything that is wrong now. Whoever asks later knows what it is: doubts end here. */
async function wrong() {
  const found = []
  const all = await scene.query("select name, metadata->>'eTag' as tag from storage.objects where bucket_id = 'crash'")
  const rows = new Map(all.map((row) => [row.name, row]))
  for (const [key, contents] of possible) {
    const row = rows.get(key)
    if (!row) {
      if (!contents.includes(null)) found.push(`${key} is lost`)
      possible.set(key, [null])
      continue
    }
    const answer = await scene.ask('GET', `/object/crash/${key}`)
    const body = answer.body.toString()
    if (answer.status !== 200) found.push(`${key} has no blob: ${body}`)
    else if (!contents.includes(body)) found.push(`${key} holds something else (${body.length} bytes)`)
    else if (row.tag !== `"${digest(body)}"`) found.push(`${key} has another tag`)
    possible.set(key, [body])
  }
  for (const key of rows.keys()) if (!possible.has(key)) found.push(`nobody made ${key}`)
  return found
}

await scene.play(async () => {
  for (const kind of Object.keys(scene.kinds)) {
    for (let round = 1; round <= rounds; round++) {
      await scene.killDuring(kind, workers, step)
      scene.judge(`${kind} ${round}`, await wrong())
    }
    await scene.settleAfter(kind)
    scene.judge(`${kind}, swept`, await scene.orphans())
  }
})
