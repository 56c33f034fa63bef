import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accessToken, claimsOf, client, levels, methods, newEmail, newPhone, newUser, ok, password, refused, session, signedIn,
} from '../../kit/client.mjs'
import { decodeQr } from '../../kit/qr.mjs'
import { Authenticator } from '../../kit/totp.mjs'

const guardedRows = 'select body from public.guarded'

export default function (world) {
  test('sign up, enroll, scan, challenge, verify, see the guarded row, unenroll', async () => {
    const { server, database } = world
    const supabase = client(server)
    const email = newEmail('walk')
    const signedUp = ok(await supabase.auth.signUp({ email, password }))
    assert.ok(signedUp.session, 'sign-ups are confirmed at once here')
    assert.equal(await levels(supabase), 'aal1/aal1')
    await database.rows('insert into public.guarded values ($1, $2)', [signedUp.user.id, 'only with a second factor'])
    const firstToken = signedUp.session.access_token

    const enrolled = ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'my phone' }))
    assert.equal(enrolled.type, 'totp')
    assert.equal(enrolled.friendly_name, 'my phone')
    assert.equal(decodeQr(enrolled.totp.qr_code), enrolled.totp.uri)
    assert.match(enrolled.totp.secret, /^[A-Z2-7]{32}$/)
    assert.equal(
      enrolled.totp.uri,
      `otpauth://totp/localhost:3000:${email}?algorithm=SHA1&digits=6&issuer=localhost:3000&period=30&secret=${enrolled.totp.secret}`,
    )
    assert.ok(!enrolled.totp.qr_code.includes('#'), 'the picture goes into a data URI unescaped')

    const challenge = ok(await supabase.auth.mfa.challenge({ factorId: enrolled.id }))
    assert.equal(challenge.type, 'totp')
    assert.ok(challenge.expires_at > Date.now() / 1000 + 200)
    const authenticator = Authenticator.scan(enrolled)
    const verified = ok(await supabase.auth.mfa.verify({
      factorId: enrolled.id, challengeId: challenge.id, code: await authenticator.next(),
    }))
    assert.equal(verified.user.id, signedUp.user.id)
    assert.equal(verified.user.factors[0].status, 'verified')
    assert.equal(await levels(supabase), 'aal2/aal2')
    assert.deepEqual(await methods(supabase), ['password', 'totp'])
    const secondToken = await accessToken(supabase)
    assert.equal(claimsOf(secondToken).session_id, claimsOf(firstToken).session_id)
    assert.equal(ok(await supabase.auth.getClaims()).claims.aal, 'aal2')

    assert.deepEqual(await database.asCaller(firstToken, guardedRows), [])
    assert.deepEqual(await database.asCaller(secondToken, guardedRows), [{ body: 'only with a second factor' }])

    ok(await supabase.auth.refreshSession())
    assert.equal(await levels(supabase), 'aal2/aal2')
    assert.equal((await database.asCaller(await accessToken(supabase), guardedRows)).length, 1)

    assert.deepEqual(ok(await supabase.auth.mfa.unenroll({ factorId: enrolled.id })), { id: enrolled.id })
    ok(await supabase.auth.refreshSession())
    assert.equal(await levels(supabase), 'aal1/aal1')
    assert.deepEqual(await database.asCaller(await accessToken(supabase), guardedRows), [])
  })

  test('challengeAndVerify, and listFactors before and after', async () => {
    const { supabase } = await newUser(world.server)
    const enrolled = ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'one' }))
    const before = ok(await supabase.auth.mfa.listFactors())
    assert.deepEqual([before.all.length, before.totp.length], [1, 0])
    assert.equal(before.all[0].status, 'unverified')

    const code = await Authenticator.scan(enrolled).next()
    ok(await supabase.auth.mfa.challengeAndVerify({ factorId: enrolled.id, code }))
    const after = ok(await supabase.auth.mfa.listFactors())
    assert.deepEqual([after.all.length, after.totp.length], [1, 1])
    assert.equal(after.totp[0].friendly_name, 'one')
    assert.ok(!JSON.stringify(after).includes(enrolled.totp.secret), 'the secret is told once')
    assert.equal(await levels(supabase), 'aal2/aal2')
  })

  test('a later sign-in starts at aal1 with aal2 next, and an explicit token says the same', async () => {
    const { supabase, email } = await newUser(world.server)
    const authenticator = await enrollVerified(supabase)
    const later = await signedIn(world.server, { email })
    assert.equal(await levels(later), 'aal1/aal2')
    const told = ok(await later.auth.mfa.getAuthenticatorAssuranceLevel(await accessToken(later)))
    assert.deepEqual([told.currentLevel, told.nextLevel], ['aal1', 'aal2'])
    const [factor] = ok(await later.auth.mfa.listFactors()).totp
    ok(await later.auth.mfa.challengeAndVerify({ factorId: factor.id, code: await authenticator.next() }))
    assert.equal(await levels(later), 'aal2/aal2')
  })

  test('verifying ends the sessions of the user that have no second factor', async () => {
    const { supabase, email } = await newUser(world.server)
    const other = await signedIn(world.server, { email })
    await enrollVerified(supabase)
    const { error } = await other.auth.getUser()
    assert.equal(error?.name, 'AuthSessionMissingError')
    ok(await supabase.auth.getUser())
  })

  test('a second factor of the same kind, enrolled at aal2', async () => {
    const { supabase } = await newUser(world.server)
    const first = await enrollVerified(supabase, 'first')
    await enrollVerified(supabase, 'second')
    assert.equal(ok(await supabase.auth.mfa.listFactors()).totp.length, 2)
    ok(await supabase.auth.mfa.challengeAndVerify({ factorId: first.factorId, code: await first.next() }))
    assert.equal(await levels(supabase), 'aal2/aal2')
  })

  test('a user with only a phone number enrolls an authenticator app', async () => {
    const phone = newPhone()
    const supabase = client(world.server)
    const { session: started } = ok(await supabase.auth.signUp({ phone, password }))
    assert.ok(started)
    const enrolled = ok(await supabase.auth.mfa.enroll({ factorType: 'totp' }))
    assert.equal(decodeQr(enrolled.totp.qr_code), enrolled.totp.uri)
    assert.ok(enrolled.totp.uri.includes(phone.slice(1)), enrolled.totp.uri)
    const code = await Authenticator.scan(enrolled).next()
    ok(await supabase.auth.mfa.challengeAndVerify({ factorId: enrolled.id, code }))
    assert.equal(await levels(supabase), 'aal2/aal2')
  })

  test('an issuer with letters of every kind survives the picture', async () => {
    const { supabase } = await newUser(world.server)
    const enrolled = ok(await supabase.auth.mfa.enroll({ factorType: 'totp', issuer: 'Käse & Söhne/ΑΩ' }))
    assert.equal(decodeQr(enrolled.totp.qr_code), enrolled.totp.uri)
    assert.equal(new URL(enrolled.totp.uri).searchParams.get('issuer'), 'Käse & Söhne/ΑΩ')
  })

  test('abandoned enrolments do not lock a user out', async () => {
    const { supabase, id } = await newUser(world.server)
    for (let number = 0; number < 10; number += 1) {
      const { id: factorId } = ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: `try ${number}` }))
      if (number % 2 === 0) ok(await supabase.auth.mfa.challenge({ factorId }))
    }
    refused(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'try 10' }), 'too_many_enrolled_mfa_factors', 422)
    await world.database.rows("update auth.mfa_factors set created_at = created_at - interval '1 hour' where user_id = $1", [id])
    await world.database.rows(
      "update auth.mfa_challenges set created_at = created_at - interval '1 hour' where factor_id in (select id from auth.mfa_factors where user_id = $1)",
      [id],
    )
    ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'try 0' }))
  })

  test('the session of the client is the upgraded one', async () => {
    const { supabase } = await newUser(world.server)
    const before = await session(supabase)
    await enrollVerified(supabase)
    const after = await session(supabase)
    assert.notEqual(after.refresh_token, before.refresh_token)
    assert.ok(after.expires_at > Date.now() / 1000)
  })
}

/** Enrolls and verifies an authenticator app; its later codes are new to the server. */
export async function enrollVerified(supabase, friendlyName = 'app') {
  const enrolled = ok(await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName }))
  const authenticator = Authenticator.scan(enrolled)
  ok(await supabase.auth.mfa.challengeAndVerify({ factorId: enrolled.id, code: await authenticator.next() }))
  authenticator.factorId = enrolled.id
  return authenticator
}
