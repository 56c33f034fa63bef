// A certificate for loopback that nobody has but one test: a server with `SSL_CERT_FILE` at it trusts it and no other.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Paths and contents; `remove` deletes the files. */
export function makeCertificate() {
  const folder = mkdtempSync(join(tmpdir(), 'ferrobase-e2e-tls-'))
  const [keyFile, file] = ['key.pem', 'certificate.pem'].map((name) => join(folder, name))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=loopback', '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE',
    '-keyout', keyFile, '-out', file], { stdio: 'pipe' })
  return { file, cert: readFileSync(file), key: readFileSync(keyFile), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
