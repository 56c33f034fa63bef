// Where ferrobase is stricter than the original: guessing at second factors.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newUser, ok, refused } from '../kit/client.mjs'
import { Authenticator } from '../kit/totp.mjs'
import { generous, world } from '../kit/world.mjs'

const shared = world({
  name: 'limits',
  config: {
    ...generous,
    'auth.mfa.totp.enroll_enabled': true,
    'auth.mfa.totp.verify_enabled': true,
    'auth.mfa.max_enrolled_factors': 3,
  },
})

async function enrolled() {
  const { supabase, id } = await newUser(shared.server)
  const { id: factorId, totp } = ok(await supabase.auth.mfa.enroll({ factorType: 'totp' }))
  const authenticator = new Authenticator(totp.uri)
  const right = () => authenticator.code()
  const wrong = () => authenticator.wrong()
  const challenge = async () => ok(await supabase.auth.mfa.challenge({ factorId })).id
  const verify = (challengeId, code) => supabase.auth.mfa.verify({ factorId, challengeId, code })
  return { supabase, id, right, wrong, challenge, verify }
}

test('a challenge dies after five wrong codes', async () => {
  const { right, wrong, challenge, verify } = await enrolled()
  const guessedAt = await challenge()
  for (let guess = 0; guess < 5; guess++) refused(await verify(guessedAt, wrong()), 'mfa_verification_failed', 422)
  refused(await verify(guessedAt, right()), 'mfa_challenge_expired', 422)
  ok(await verify(await challenge(), right()))
})

test('a factor that is guessed at pauses, also for requests at the same time', async () => {
  const { right, wrong, challenge, verify } = await enrolled()
  for (let round = 0; round < 3; round++) {
    const challengeId = await challenge()
    const answers = await Promise.all(Array.from({ length: 5 }, () => verify(challengeId, wrong())))
    answers.forEach((answer) => refused(answer, 'mfa_verification_failed', 422))
  }
  refused(await verify(await challenge(), right()), 'over_request_rate_limit', 429)
})

test('a right code clears the account', async () => {
  const { right, wrong, challenge, verify } = await enrolled()
  refused(await verify(await challenge(), wrong()), 'mfa_verification_failed')
  ok(await verify(await challenge(), right()))
  const [row] = await shared.database.rows(
    'select coalesce(sum(failures), 0)::int as failures from _ferrobase.mfa_guard g join auth.mfa_factors f on f.id = g.factor_id')
  assert.equal(typeof row.failures, 'number')
})

test('too many factors', async () => {
  const { supabase } = await newUser(shared.server)
  for (const friendlyName of ['one', 'two', 'three']) ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName }))
  refused(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'four' }), 'too_many_enrolled_mfa_factors', 422)
})
