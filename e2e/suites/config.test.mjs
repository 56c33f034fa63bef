// Mistakes in config.toml name the file, the line and the key; nothing is started.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { binary, makeProject, startServer } from '../kit/server.mjs'

const mistakes = [
  ['[auth]\nsite_url = 5\n', 2, 'auth.site_url'],
  ['[auth]\nsite_url = "not a url"\n', 2, 'auth.site_url'],
  ['[auth]\njwt_expiry = "soon"\n', 2, 'auth.jwt_expiry'],
  ['[auth]\njwt_secret = "short"\n', 2, 'auth.jwt_secret'],
  ['[auth.email]\notp_length = 42\n', 2, 'auth.email.otp_length'],
  ['[auth.email]\nmax_frequency = "often"\n', 2, 'auth.email.max_frequency'],
  ['[api]\nport = 70000\n', 2, 'api.port'],
  ['[auth.mfa.totp]\n\nenroll_enabled = "maybe"\n', 3, 'auth.mfa.totp.enroll_enabled'],
  ['[auth.hook.send_sms]\nenabled = true\nuri = "ftp://x"\nsecrets = ""\n', 3, 'auth.hook.send_sms.uri'],
  ['[auth.sms.messagebird]\nenabled = true\n', 2, 'auth.sms.messagebird'],
  ['[auth]\nsite_url = "env(NO_SUCH_VARIABLE)"\n', 2, 'NO_SUCH_VARIABLE'],
  ['[auth\n', 1, ''],
]

function start(config, seconds = 20) {
  const folder = mkdtempSync(join(tmpdir(), 'ferrobase-config-'))
  mkdirSync(join(folder, 'supabase'))
  writeFileSync(join(folder, 'supabase', 'config.toml'), config)
  try {
    return spawnSync(binary, ['start', '--ephemeral', '--workdir', folder], { encoding: 'utf8', timeout: seconds * 1000 })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

for (const [config, line, key] of mistakes) {
  test(`${JSON.stringify(config)} names line ${line} and ${key || 'the syntax'}`, () => {
    const { status, stderr } = start(config)
    assert.equal(status, 1, stderr)
    assert.ok(stderr.includes(`config.toml:${line}`), stderr)
    assert.ok(stderr.includes(key), stderr)
    assert.doesNotMatch(stderr, /panicked/)
  })
}

test('an unknown key is a warning that offers the known one', () => {
  const { stderr } = start('[auth]\nsite_ulr = "http://127.0.0.1:3000"\n', 3)
  assert.match(stderr, /config\.toml:2.*site_ulr.*site_url/s)
})

test('stop, then start at once', async () => {
  const folder = makeProject('again', {})
  try {
    for (let round = 0; round < 3; round++) {
      const server = await startServer({ name: 'again', folder, ephemeral: false })
      const stopped = spawnSync(binary, ['stop', '--workdir', folder], { encoding: 'utf8' })
      assert.equal(stopped.status, 0, stopped.stderr)
      server.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
