import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levels, methods, newUser, ok, refused, signedIn } from '../../kit/client.mjs'
import { enrollVerified } from './totp.mjs'

export default function (world) {
  test('generate, status, one code reaches aal2 once, regenerate, unenroll', async () => {
    const { supabase, email } = await newUser(world.server)
    refused(await supabase.auth.mfa.recoveryCodes.getStatus(), 'mfa_factor_not_found', 404)
    refused(await supabase.auth.mfa.recoveryCodes.generate(), 'insufficient_aal', 403)
    await enrollVerified(supabase)

    const set = ok(await supabase.auth.mfa.recoveryCodes.generate())
    assert.equal(set.type, 'recovery_code')
    assert.equal(set.friendly_name, 'Recovery codes')
    assert.equal(set.codes.length, set.total)
    assert.equal(new Set(set.codes).size, set.total)
    for (const code of set.codes) assert.match(code, /^[a-z0-9]+$/)
    refused(await supabase.auth.mfa.recoveryCodes.generate(), 'mfa_verified_factor_exists', 422)
    const { recovery_code: listed } = ok(await supabase.auth.mfa.listFactors())
    assert.deepEqual(listed.map((factor) => factor.id), [set.id])

    const later = await signedIn(world.server, { email })
    assert.equal(await levels(later), 'aal1/aal2')
    const typed = set.codes[0].toUpperCase().replace(/(.{4})(?=.)/g, '$1-')
    ok(await later.auth.mfa.recoveryCodes.verify({ code: typed }))
    assert.equal(await levels(later), 'aal2/aal2')
    assert.deepEqual(await methods(later), ['mfa/recovery_code', 'password'])
    assert.deepEqual(
      ok(await later.auth.mfa.recoveryCodes.getStatus()),
      { id: set.id, type: 'recovery_code', total: set.total, remaining: set.total - 1 },
    )
    ok(await later.auth.refreshSession())
    assert.equal(await levels(later), 'aal2/aal2')

    const again = await signedIn(world.server, { email })
    refused(await again.auth.mfa.recoveryCodes.verify({ code: set.codes[0] }), 'mfa_verification_failed', 422)
    refused(await again.auth.mfa.recoveryCodes.regenerate(), 'insufficient_aal', 403)
    refused(await again.auth.mfa.recoveryCodes.unenroll(), 'insufficient_aal', 403)

    const renewed = ok(await later.auth.mfa.recoveryCodes.regenerate())
    assert.equal(renewed.codes.filter((code) => set.codes.includes(code)).length, 0)
    refused(await again.auth.mfa.recoveryCodes.verify({ code: set.codes[1] }), 'mfa_verification_failed', 422)
    ok(await again.auth.mfa.recoveryCodes.verify({ code: renewed.codes[0] }))

    ok(await again.auth.mfa.recoveryCodes.unenroll())
    refused(await again.auth.mfa.recoveryCodes.getStatus(), 'mfa_factor_not_found', 404)
    ok(await again.auth.refreshSession())
    assert.equal(await levels(again), 'aal1/aal2')
  })

  test('they are a spare: the last other factor stays while there are codes', async () => {
    const { supabase } = await newUser(world.server)
    const { factorId } = await enrollVerified(supabase)
    const { id } = ok(await supabase.auth.mfa.recoveryCodes.generate())
    refused(await supabase.auth.mfa.unenroll({ factorId }), 'mfa_recovery_codes_sole_factor', 422)
    refused(await supabase.auth.mfa.unenroll({ factorId: id }), 'validation_failed', 422)
    ok(await supabase.auth.mfa.recoveryCodes.unenroll())
    ok(await supabase.auth.mfa.unenroll({ factorId }))
  })

  test('the database holds no code', async () => {
    const { supabase } = await newUser(world.server)
    await enrollVerified(supabase)
    const { codes } = ok(await supabase.auth.mfa.recoveryCodes.generate())
    const tables = await world.database.rows(
      "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema = 'auth' and table_type = 'BASE TABLE'",
    )
    for (const { name } of tables) {
      const [{ found }] = await world.database.rows(`select count(*)::int as found from ${name} as r where r::text ilike any ($1)`, [
        codes.map((code) => `%${code}%`),
      ])
      assert.equal(found, 0, name)
    }
  })

  test('one code in two requests at the same time is accepted once', async () => {
    const { supabase, email } = await newUser(world.server)
    await enrollVerified(supabase)
    const { codes } = ok(await supabase.auth.mfa.recoveryCodes.generate())
    const sessions = [await signedIn(world.server, { email }), await signedIn(world.server, { email })]
    const answers = await Promise.all(sessions.map((one) => one.auth.mfa.recoveryCodes.verify({ code: codes[0] })))
    assert.equal(answers.filter((answer) => !answer.error).length, 1)
  })

  test('an empty code, and a set nobody has', async () => {
    const { supabase } = await newUser(world.server)
    refused(await supabase.auth.mfa.recoveryCodes.verify({ code: ' - ' }), 'validation_failed', 400)
    refused(await supabase.auth.mfa.recoveryCodes.verify({ code: 'abcd1234abcd1234' }), 'mfa_verification_failed', 422)
  })
}
