// The Database reference of the official client: every method, with the values that come back.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { client } from '../kit/client.mjs'
import { within } from '../kit/database.mjs'
import { generous, world } from '../kit/world.mjs'
import embeds from './database/embeds.mjs'
import filters from './database/filters.mjs'
import functions from './database/functions.mjs'
import gateway from './database/gateway.mjs'
import methods, { recordMethods } from './database/methods.mjs'
import modifiers from './database/modifiers.mjs'
import refusals from './database/refusals.mjs'
import rowSecurity from './database/row-security.mjs'
import schemaChanges from './database/schema-changes.mjs'
import select from './database/select.mjs'
import settings from './database/settings.mjs'
import writes from './database/writes.mjs'

const schema = new URL('./database/schema.sql', import.meta.url)
const prepare = async ({ server, database }) => {
  await database.runFile(schema)
  const { error } = await within(() => client(server).rpc('hello'), ({ error }) => error === null)
  assert.equal(error, null)
}
const exposed = { 'api.schemas': ['public', 'library', 'graphql_public'] }

const shared = world({ name: 'database', prepare, config: { ...generous, ...exposed } })
const exercised = recordMethods()

describe('select', () => select(shared))
describe('embeds', () => embeds(shared))
describe('filters', () => filters(shared))
describe('modifiers', () => modifiers(shared))
describe('writes', () => writes(shared))
describe('functions', () => functions(shared))
describe('row level security', () => rowSecurity(shared))
describe('changes of the schema', () => schemaChanges(shared))
describe('refusals', () => refusals(shared))
describe('gateway', () => gateway(shared))

// A second server: what an operator may switch on, and other values of config.toml.
describe('settings', () => settings(world({
  name: 'database-settings',
  prepare,
  config: { ...generous, ...exposed, 'api.max_rows': 3 },
  env: {
    PGRST_DB_PLAN_ENABLED: 'true', PGRST_DB_AGGREGATES_ENABLED: 'true', PGRST_DB_TX_END: 'commit-allow-override',
  },
})))

describe('the reference', () => methods(exercised))
