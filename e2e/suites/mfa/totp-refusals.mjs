import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { accessToken, levels, newUser, ok, refused, request, signedIn } from '../../kit/client.mjs'
import { Authenticator } from '../../kit/totp.mjs'
import { enrollVerified } from './totp.mjs'

export default function (world) {
  test('a wrong code; the challenge stays usable', async () => {
    const { supabase } = await newUser(world.server)
    const { factorId, authenticator } = await enrolled(supabase)
    const { id: challengeId } = ok(await supabase.auth.mfa.challenge({ factorId }))
    refused(
      await supabase.auth.mfa.verify({ factorId, challengeId, code: authenticator.wrong() }), 'mfa_verification_failed', 422)
    for (const code of ['12345', '1234567', 'abcdef', '      ']) {
      refused(await supabase.auth.mfa.verify({ factorId, challengeId, code }), 'mfa_verification_failed', 422)
      const { id } = ok(await supabase.auth.mfa.challenge({ factorId }))
      assert.notEqual(id, challengeId)
    }
    refused(await supabase.auth.mfa.verify({ factorId, challengeId, code: '' }), 'validation_failed', 400)
  })

  test('after wrong codes the right one still verifies', async () => {
    const { supabase } = await newUser(world.server)
    const { factorId, authenticator } = await enrolled(supabase)
    const { id: challengeId } = ok(await supabase.auth.mfa.challenge({ factorId }))
    for (let attempt = 0; attempt < 4; attempt += 1) {
      refused(await supabase.auth.mfa.verify({ factorId, challengeId, code: authenticator.wrong() }), 'mfa_verification_failed')
    }
    ok(await supabase.auth.mfa.verify({ factorId, challengeId, code: await authenticator.next() }))
  })

  test('an expired challenge', async () => {
    const { supabase } = await newUser(world.server)
    const { factorId, authenticator } = await enrolled(supabase)
    const { id: challengeId } = ok(await supabase.auth.mfa.challenge({ factorId }))
    await world.database.ageChallenge(challengeId, '301 seconds')
    const code = await authenticator.next()
    const error = refused(await supabase.auth.mfa.verify({ factorId, challengeId, code }), 'mfa_challenge_expired', 422)
    assert.match(error.message, new RegExp(challengeId))
    refused(await supabase.auth.mfa.verify({ factorId, challengeId, code }), 'mfa_factor_not_found', 422)
    ok(await supabase.auth.mfa.challengeAndVerify({ factorId, code }))
  })

  test('a challenge is used once', async () => {
    const { supabase } = await newUser(world.server)
    const { factorId, authenticator } = await enrolled(supabase)
    const { id: challengeId } = ok(await supabase.auth.mfa.challenge({ factorId }))
    ok(await supabase.auth.mfa.verify({ factorId, challengeId, code: await authenticator.next() }))
    refused(
      await supabase.auth.mfa.verify({ factorId, challengeId, code: await authenticator.next() }), 'mfa_ip_address_mismatch', 422)
  })

  test('a code is accepted once, and none of an earlier step after it', async () => {
    const { supabase } = await newUser(world.server)
    const { factorId, authenticator } = await enrolled(supabase)
    const earlier = await authenticator.next()
    const code = await authenticator.next()
    ok(await supabase.auth.mfa.challengeAndVerify({ factorId, code }))
    refused(await supabase.auth.mfa.challengeAndVerify({ factorId, code }), 'mfa_verification_failed', 422)
    refused(await supabase.auth.mfa.challengeAndVerify({ factorId, code: earlier }), 'mfa_verification_failed', 422)
    ok(await supabase.auth.mfa.challengeAndVerify({ factorId, code: await authenticator.next() }))
  })

  test('of two requests with one code at the same time, one wins', async () => {
    const { supabase } = await newUser(world.server)
    const { factorId, authenticator } = await enrolled(supabase)
    const code = await authenticator.next()
    const token = await accessToken(supabase)
    const challenges = await Promise.all([1, 2, 3, 4].map(() => supabase.auth.mfa.challenge({ factorId })))
    const answers = await Promise.all(challenges.map(({ data }) =>
      request(world.server, 'POST', `/factors/${factorId}/verify`, { token, body: { challenge_id: data.id, code } })))
    const statuses = answers.map((answer) => answer.status).sort()
    assert.deepEqual(statuses, [200, 422, 422, 422], JSON.stringify(answers.map((answer) => answer.json)))
  })

  test("another user's factor looks like none at all", async () => {
    const mine = await newUser(world.server, 'mine')
    const theirs = await newUser(world.server, 'theirs')
    const { factorId, authenticator } = await enrolled(mine.supabase)
    const other = await enrolled(theirs.supabase)
    const { id: challengeId } = ok(await mine.supabase.auth.mfa.challenge({ factorId }))
    const code = await authenticator.next()
    refused(await theirs.supabase.auth.mfa.challenge({ factorId }), 'mfa_factor_not_found', 404)
    refused(await theirs.supabase.auth.mfa.verify({ factorId, challengeId, code }), 'mfa_factor_not_found', 404)
    refused(await theirs.supabase.auth.mfa.unenroll({ factorId }), 'mfa_factor_not_found', 404)
    refused(
      await theirs.supabase.auth.mfa.verify({ factorId: other.factorId, challengeId, code }), 'mfa_factor_not_found', 422)
    refused(await theirs.supabase.auth.mfa.challenge({ factorId: randomUUID() }), 'mfa_factor_not_found', 404)
    ok(await mine.supabase.auth.mfa.verify({ factorId, challengeId, code }))
  })

  test('two factors of one name, with and without a name', async () => {
    const { supabase } = await newUser(world.server)
    ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'same' }))
    const error = refused(
      await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'same' }), 'mfa_factor_name_conflict', 422)
    assert.match(error.message, /"same"/)
    ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'Same' }))
    ok(await supabase.auth.mfa.enroll({ factorType: 'totp' }))
    refused(await supabase.auth.mfa.enroll({ factorType: 'totp' }), 'mfa_factor_name_conflict', 422)
  })

  test('what aal1 may not do once there is a verified factor', async () => {
    const { supabase, email } = await newUser(world.server)
    const { factorId } = await enrollVerified(supabase)
    const weak = await signedIn(world.server, { email })
    assert.equal(await levels(weak), 'aal1/aal2')
    refused(await weak.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'another' }), 'insufficient_aal', 403)
    refused(await weak.auth.mfa.unenroll({ factorId }), 'insufficient_aal', 422)
    refused(await weak.auth.updateUser({ password: 'another horse 2' }), 'insufficient_aal', 401)
    ok(await weak.auth.updateUser({ data: { colour: 'blue' } }))
    ok(await supabase.auth.updateUser({ password: 'another horse 2' }))
  })

  test('ids that are no ids, unknown kinds, a factor without a session', async () => {
    const { supabase } = await newUser(world.server)
    refused(await supabase.auth.mfa.challenge({ factorId: 'seven' }), 'validation_failed', 404)
    refused(await supabase.auth.mfa.enroll({ factorType: 'retina' }), 'validation_failed', 400)
    refused(await supabase.auth.mfa.enroll({ factorType: 'phone', phone: '12 monkeys' }), 'validation_failed', 400)
    const answer = await request(world.server, 'POST', '/factors', { body: { factor_type: 'totp' } })
    assert.deepEqual([answer.status, answer.json.error_code], [403, 'bad_jwt'])
    const nobody = await request(world.server, 'POST', '/factors', { token: null, body: { factor_type: 'totp' } })
    assert.ok([401, 403].includes(nobody.status), String(nobody.status))
  })
}

async function enrolled(supabase) {
  const factor = ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'app' }))
  return { factorId: factor.id, authenticator: Authenticator.scan(factor) }
}
