import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, levels, newUser, ok, refused } from '../../kit/client.mjs'
import { enrollVerified } from './totp.mjs'

export default function (world) {
  test('list and delete a factor; its sessions fall to aal1', async () => {
    const { supabase, id: userId } = await newUser(world.server)
    const { factorId } = await enrollVerified(supabase, 'lost phone')
    const trusted = admin(world.server)
    const { factors } = ok(await trusted.auth.admin.mfa.listFactors({ userId }))
    assert.deepEqual(factors.map((factor) => [factor.id, factor.friendly_name, factor.status]), [[factorId, 'lost phone', 'verified']])
    const deleted = ok(await trusted.auth.admin.mfa.deleteFactor({ id: factorId, userId }))
    // The client hands the answer out inside an envelope of its own here.
    assert.equal((deleted.data ?? deleted).id, factorId)
    assert.deepEqual(ok(await trusted.auth.admin.mfa.listFactors({ userId })).factors, [])
    ok(await supabase.auth.refreshSession())
    assert.equal(await levels(supabase), 'aal1/aal1')
  })

  test('a user may not', async () => {
    const { supabase, id: userId } = await newUser(world.server)
    const { session } = (await supabase.auth.getSession()).data
    const pretender = admin(world.server, world.server.anonKey)
    await pretender.auth.setSession(session)
    const { error } = await pretender.auth.admin.mfa.listFactors({ userId })
    assert.ok([401, 403].includes(error.status), String(error.status))
    refused(await admin(world.server).auth.admin.mfa.deleteFactor({ id: userId, userId }), 'mfa_factor_not_found', 404)
  })
}
