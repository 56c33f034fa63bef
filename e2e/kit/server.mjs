// A running ferrobase with a project folder of its own. Everything it made is removed by stop().
import { spawn, execFile, execFileSync } from 'node:child_process'
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { toToml } from './toml.mjs'

const project = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const target = process.env.CARGO_TARGET_DIR ? resolve(project, process.env.CARGO_TARGET_DIR) : join(project, 'target')
export const binary = process.env.FERROBASE_BIN ?? join(target, 'release', 'ferrobase')

const startTimeout = 60_000
const stopTimeout = 20_000

export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))

/** The process that all others of a server's cluster descend from: its child that runs `postgres -D`. */
export function postmaster(parent) {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' })
  const line = children.split('\n').find((text) => /postgres .*-D /.test(text))
  if (!line) throw new Error(`no postmaster below ${parent}:\n${children}`)
  return Number(line.trim().split(' ')[0])
}

/** What the process of a server holds in memory, and at most held since its start, as words. */
export function memory({ pid }) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024).toFixed(0)
  return `${megabytes('VmRSS')} MiB resident, ${megabytes('VmHWM')} MiB at most`
}

/** Ports chosen by the system, so that suites never collide. */
export const anyPorts = { 'api.port': 0, 'db.port': 0, 'local_smtp.port': 0 }

/** A new project folder with this configuration (dotted key → value). */
export function makeProject(name, config) {
  const folder = mkdtempSync(join(tmpdir(), `ferrobase-e2e-${name}-`))
  // As root, PostgreSQL runs as an unprivileged user who has to reach the folder.
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'supabase'))
  writeFileSync(join(folder, 'supabase', 'config.toml'), toToml({ project_id: name, ...anyPorts, ...config }))
  return folder
}

/**
 * Starts the release binary and waits until it serves.
 * `config`: dotted keys of config.toml; `env`: further environment; `folder`: an existing project (it is kept by stop());
 * `port`: of the API; 0 = any.
 */
export async function startServer({ name, config = {}, env = {}, ephemeral = true, folder, port = 0 } = {}) {
  const workdir = folder ?? makeProject(name, config)
  mkdirSync(join(target, 'e2e'), { recursive: true })
  const logPath = join(target, 'e2e', `${name}.log`)
  const logFile = createWriteStream(logPath, { flags: folder ? 'a' : 'w' })
  const started = Date.now()
  const child = spawn(binary, ['start', '--workdir', workdir, '--port', String(port), ...(ephemeral ? ['--ephemeral'] : [])], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  const keep = (bytes) => {
    log = (log + bytes).slice(-4_000_000)
    logFile.write(bytes)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const exited = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })))
  child.on('error', (error) => keep(`cannot run ${binary}: ${error.message}\n`))

  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      // A timer that is left over must not keep the test process alive.
      const patience = new Promise((late) => setTimeout(late, stopTimeout, false).unref())
      const done = await Promise.race([exited.then(() => true), patience])
      if (!done) child.kill('SIGKILL')
      await exited
    }
    logFile.end()
    if (!folder) rmSync(workdir, { recursive: true, force: true })
  }

  try {
    const status = await waitUntilReady({ workdir, child, started, exited })
    return {
      workdir, child, pid: child.pid, exited, stop,
      log: () => log,
      startMilliseconds: Date.now() - started,
      status,
      apiUrl: status.API_URL,
      dbUrl: status.DB_URL,
      mailUrl: status.MAILPIT_URL ?? status.INBUCKET_URL,
      anonKey: status.ANON_KEY,
      serviceKey: status.SERVICE_ROLE_KEY,
      publishableKey: status.PUBLISHABLE_KEY,
      secretKey: status.SECRET_KEY,
      jwtSecret: status.JWT_SECRET,
    }
  } catch (error) {
    await stop()
    throw new Error(`${error.message}\n${log.slice(-4000)}`)
  }
}

async function waitUntilReady({ workdir, child, started, exited }) {
  let ended
  exited.then((how) => { ended = how })
  while (Date.now() - started < startTimeout) {
    if (ended) throw new Error(`ferrobase ended while starting (code ${ended.code}, signal ${ended.signal})`)
    const status = (await stateFile(workdir, started)) ?? (await statusCommand(workdir, child))
    if (status && (await isHealthy(status.API_URL))) return status
    await sleep(40)
  }
  throw new Error(`ferrobase was not ready after ${startTimeout} ms`)
}

/** The file that the running server leaves for `status`; one of an earlier run does not count. */
async function stateFile(workdir, started) {
  const file = join(workdir, 'supabase', '.ferrobase', 'run', 'server.json')
  try {
    // File systems stamp with a coarser clock than Date.now().
    if (statSync(file).mtimeMs < started - 50) return undefined
    return complete(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

const run = promisify(execFile)

async function statusCommand(workdir, child) {
  if (child.pid === undefined) return undefined
  try {
    const { stdout } = await run(binary, ['status', '-o', 'json', '--workdir', workdir], { timeout: 5000 })
    return complete(JSON.parse(stdout))
  } catch {
    await sleep(100)
    return undefined
  }
}

function complete(status) {
  const wanted = ['API_URL', 'DB_URL', 'ANON_KEY', 'SERVICE_ROLE_KEY', 'PUBLISHABLE_KEY', 'SECRET_KEY']
  return wanted.every((name) => typeof status?.[name] === 'string') ? status : undefined
}

export async function isHealthy(apiUrl) {
  try {
    const answer = await fetch(`${apiUrl}/health`, { signal: AbortSignal.timeout(5000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}
