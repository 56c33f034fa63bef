// SQL against the project's database: as its owner, and as the data API would run it for a caller.
import pg from 'pg'
import { claimsOf } from './client.mjs'

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
