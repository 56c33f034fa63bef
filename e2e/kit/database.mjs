// SQL against the project's database: as its owner, and as the data API would run it for a caller.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { claimsOf } from './client.mjs'
import { sleep } from './server.mjs'

export class Database {
  static async connect(server) {
    const connection = new pg.Client({ connectionString: server.dbUrl })
    await connection.connect()
    return new Database(connection)
  }

  constructor(connection) {
    this.connection = connection
  }

  async rows(sql, parameters = []) {
    return (await this.connection.query(sql, parameters)).rows
  }

  /** Runs a file of SQL. */
  async runFile(url) {
    await this.connection.query(readFileSync(url, 'utf8'))
  }

  /** Rows that the bearer of this token may see. */
  async asCaller(token, sql, parameters = []) {
    const claims = claimsOf(token)
    await this.connection.query('begin')
    try {
      await this.connection.query(`set local role ${pg.escapeIdentifier(claims.role)}`)
      await this.connection.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(claims)])
      return (await this.connection.query(sql, parameters)).rows
    } finally {
      await this.connection.query('rollback')
    }
  }

  /** A table whose rows only their owner sees, and only with a second factor. */
  async makeGuardedTable() {
    await this.connection.query(`
      create table if not exists public.guarded (owner uuid not null, body text not null);
      alter table public.guarded enable row level security;
      drop policy if exists second_factor on public.guarded;
      create policy second_factor on public.guarded for select to authenticated
        using ((auth.jwt()->>'aal') = 'aal2' and owner = auth.uid());
      grant select on public.guarded to authenticated;`)
  }

  /** Makes a challenge look older. */
  async ageChallenge(id, interval) {
    await this.connection.query('update auth.mfa_challenges set created_at = created_at - $2::interval where id = $1', [id, interval])
  }

  async end() {
    await this.connection.end()
  }
}

/** Asks again for at most a second, which is how long a change of the schema may take to be served. */
export async function within(ask, isGood) {
  const end = Date.now() + 1000
  for (;;) {
    const answer = await ask()
    if (isGood(answer) || Date.now() > end) return answer
    await sleep(10)
  }
}

/** Asserts that the data API refused with this code and status; returns the error. */
export function denied({ data, error, status }, code, expected) {
  assert.ok(error, `expected ${code}, got ${status} ${JSON.stringify(data)?.slice(0, 300)}`)
  assert.deepEqual([error.code, status], [code, expected], error.message)
  return error
}
