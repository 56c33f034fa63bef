import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessToken, levels, methods, newPhone, newUser, ok, refused, signedIn } from '../../kit/client.mjs'

export default function (world) {
  test('enroll, code from the inbox, verify, hold aal2, see the guarded row, unenroll', async () => {
    const { server, inbox, database } = world
    const { supabase, id } = await newUser(server)
    await database.rows('insert into public.guarded values ($1, $2)', [id, 'by phone'])
    const firstToken = await accessToken(supabase)
    const phone = newPhone()
    const enrolled = ok(await supabase.auth.mfa.enroll({ factorType: 'phone', phone, friendlyName: 'mobile' }))
    assert.deepEqual([enrolled.type, enrolled.phone, enrolled.friendly_name], ['phone', phone, 'mobile'])

    const challenge = ok(await supabase.auth.mfa.challenge({ factorId: enrolled.id, channel: 'sms' }))
    assert.equal(challenge.type, 'phone')
    const code = await inbox.smsCode(phone)
    assert.match(code, /^\d{6}$/)
    ok(await supabase.auth.mfa.verify({ factorId: enrolled.id, challengeId: challenge.id, code }))
    assert.equal(await levels(supabase), 'aal2/aal2')
    assert.deepEqual(await methods(supabase), ['mfa/phone', 'password'])
    const { phone: verified } = ok(await supabase.auth.mfa.listFactors())
    assert.deepEqual(verified.map((factor) => factor.phone), [phone.slice(1)])

    ok(await supabase.auth.refreshSession())
    assert.equal(await levels(supabase), 'aal2/aal2')
    const rows = 'select body from public.guarded'
    assert.deepEqual(await database.asCaller(firstToken, rows), [])
    assert.deepEqual(await database.asCaller(await accessToken(supabase), rows), [{ body: 'by phone' }])

    ok(await supabase.auth.mfa.unenroll({ factorId: enrolled.id }))
    ok(await supabase.auth.refreshSession())
    assert.equal(await levels(supabase), 'aal1/aal1')
  })

  test('a wrong code, an expired challenge, a used one', async () => {
    const { supabase } = await newUser(world.server)
    const phone = newPhone()
    const { id: factorId } = ok(await supabase.auth.mfa.enroll({ factorType: 'phone', phone }))
    const first = ok(await supabase.auth.mfa.challenge({ factorId }))
    const code = await world.inbox.smsCode(phone)
    const wrong = code === '000000' ? '000001' : '000000'
    refused(await supabase.auth.mfa.verify({ factorId, challengeId: first.id, code: wrong }), 'mfa_verification_failed', 422)
    await world.database.ageChallenge(first.id, '301 seconds')
    refused(await supabase.auth.mfa.verify({ factorId, challengeId: first.id, code }), 'mfa_challenge_expired', 422)

    const second = ok(await supabase.auth.mfa.challenge({ factorId }))
    const newCode = await world.inbox.smsCode(phone, 2)
    ok(await supabase.auth.mfa.verify({ factorId, challengeId: second.id, code: newCode }))
    refused(
      await supabase.auth.mfa.verify({ factorId, challengeId: second.id, code: newCode }), 'mfa_ip_address_mismatch', 422)
  })

  test('a code belongs to its challenge', async () => {
    const { supabase } = await newUser(world.server)
    const phone = newPhone()
    const { id: factorId } = ok(await supabase.auth.mfa.enroll({ factorType: 'phone', phone }))
    const first = ok(await supabase.auth.mfa.challenge({ factorId }))
    const firstCode = await world.inbox.smsCode(phone)
    const second = ok(await supabase.auth.mfa.challenge({ factorId }))
    const secondCode = await world.inbox.smsCode(phone, 2)
    if (firstCode !== secondCode) {
      refused(await supabase.auth.mfa.verify({ factorId, challengeId: second.id, code: firstCode }), 'mfa_verification_failed', 422)
    }
    ok(await supabase.auth.mfa.verify({ factorId, challengeId: first.id, code: firstCode }))
  })

  test('one number, enrolled twice', async () => {
    const { supabase, email } = await newUser(world.server)
    const phone = newPhone()
    ok(await supabase.auth.mfa.enroll({ factorType: 'phone', phone, friendlyName: 'given up' }))
    const { id: factorId } = ok(await supabase.auth.mfa.enroll({ factorType: 'phone', phone, friendlyName: 'again' }))
    const { id: challengeId } = ok(await supabase.auth.mfa.challenge({ factorId }))
    ok(await supabase.auth.mfa.verify({ factorId, challengeId, code: await world.inbox.smsCode(phone) }))
    assert.equal(ok(await supabase.auth.mfa.listFactors()).all.length, 1)
    refused(
      await supabase.auth.mfa.enroll({ factorType: 'phone', phone, friendlyName: 'third' }), 'mfa_verified_factor_exists', 422)
    const later = await signedIn(world.server, { email })
    assert.equal(await levels(later), 'aal1/aal2')
  })

  test('numbers and channels that are none', async () => {
    const { supabase } = await newUser(world.server)
    for (const phone of ['', '0123', 'phone', '+12345678901234567']) {
      refused(await supabase.auth.mfa.enroll({ factorType: 'phone', phone }), 'validation_failed', 400)
    }
    const { id: factorId } = ok(await supabase.auth.mfa.enroll({ factorType: 'phone', phone: newPhone() }))
    refused(await supabase.auth.mfa.challenge({ factorId, channel: 'pigeon' }), 'validation_failed', 400)
    refused(await supabase.auth.mfa.challenge({ factorId, channel: 'whatsapp' }), 'validation_failed', 400)
  })
}
