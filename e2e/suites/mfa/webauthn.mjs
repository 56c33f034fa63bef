import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessToken, levels, methods, newUser, ok, refused, request, signedIn } from '../../kit/client.mjs'
import { plugIn, SecurityKey } from '../../kit/security-key.mjs'

const origin = 'http://localhost:3000'

export default function (world) {
  test("register and authenticate through the client's mfa.webauthn", async () => {
    const { supabase, email, id } = await newUser(world.server)
    await world.database.rows('insert into public.guarded values ($1, $2)', [id, 'by key'])
    const firstToken = await accessToken(supabase)
    const unplug = plugIn(new SecurityKey({ origin }))
    try {
      ok(await supabase.auth.mfa.webauthn.register({ friendlyName: 'key' }))
      assert.equal(await levels(supabase), 'aal2/aal2')
      assert.deepEqual(await methods(supabase), ['mfa/webauthn', 'password'])
      ok(await supabase.auth.refreshSession())
      assert.equal(await levels(supabase), 'aal2/aal2')
      const rows = 'select body from public.guarded'
      assert.deepEqual(await world.database.asCaller(firstToken, rows), [])
      assert.deepEqual(await world.database.asCaller(await accessToken(supabase), rows), [{ body: 'by key' }])

      const later = await signedIn(world.server, { email })
      const { webauthn: [factor] } = ok(await later.auth.mfa.listFactors())
      assert.equal(factor.friendly_name, 'key')
      ok(await later.auth.mfa.webauthn.authenticate({ factorId: factor.id }))
      assert.equal(await levels(later), 'aal2/aal2')

      ok(await later.auth.mfa.unenroll({ factorId: factor.id }))
      ok(await later.auth.refreshSession())
      assert.equal(await levels(later), 'aal1/aal1')
    } finally {
      unplug()
    }
  })

  test('the same step by step', async () => {
    const { supabase, email } = await newUser(world.server)
    const relyingParty = { rpId: 'localhost', rpOrigins: [origin] }
    const unplug = plugIn(new SecurityKey({ origin }))
    const step = async (of, factorId) => {
      const { webauthn } = of.auth.mfa
      const asked = ok(await webauthn.challenge({ factorId, friendlyName: 'steps', webauthn: relyingParty }))
      return webauthn.verify({ factorId, challengeId: asked.challengeId, webauthn: { ...relyingParty, ...asked.webauthn } })
    }
    try {
      const factor = ok(await supabase.auth.mfa.webauthn.enroll({ friendlyName: 'steps' }))
      assert.equal(factor.type, 'webauthn')
      ok(await step(supabase, factor.id))
      assert.equal(await levels(supabase), 'aal2/aal2')
      const later = await signedIn(world.server, { email })
      ok(await step(later, factor.id))
      assert.equal(await levels(later), 'aal2/aal2')
    } finally {
      unplug()
    }
  })

  test('the same over plain HTTP', async () => {
    const { supabase, email } = await newUser(world.server)
    const key = new SecurityKey({ origin })
    const { token, factorId } = await register(world, supabase, key)
    const claims = ok(await supabase.auth.getClaims(token)).claims
    assert.equal(claims.aal, 'aal2')

    const later = await signedIn(world.server, { email })
    const signedToken = await accessToken(later)
    const challenge = await post(world, signedToken, `/factors/${factorId}/challenge`, {})
    assert.equal(challenge.type, 'webauthn')
    assert.equal(challenge.webauthn.type, 'request')
    const options = challenge.webauthn.credential_options.publicKey
    assert.equal(options.rpId, 'localhost')
    assert.equal(options.allowCredentials.length, 1)
    const session = await post(world, signedToken, `/factors/${factorId}/verify`, {
      challenge_id: challenge.id, webauthn: { type: 'request', credential_response: key.get(options) },
    })
    assert.equal(ok(await later.auth.getClaims(session.access_token)).claims.aal, 'aal2')
  })

  test('a signature of another page, of another key, over another challenge', async () => {
    const { supabase, email } = await newUser(world.server)
    const key = new SecurityKey({ origin })
    const { factorId } = await register(world, supabase, key)
    const later = await signedIn(world.server, { email })
    const token = await accessToken(later)
    const attempt = async (answer) => {
      const challenge = await post(world, token, `/factors/${factorId}/challenge`, {})
      const credential = answer(challenge.webauthn.credential_options.publicKey)
      return request(world.server, 'POST', `/factors/${factorId}/verify`, {
        token, body: { challenge_id: challenge.id, webauthn: { type: 'request', credential_response: credential } },
      })
    }
    const answers = [
      await attempt((options) => {
        key.origin = 'http://evil.example'
        const credential = key.get(options)
        key.origin = origin
        return credential
      }),
      await attempt((options) => key.get({ ...options, challenge: Buffer.alloc(32).toString('base64url') })),
      await attempt((options) => {
        const credential = key.get(options)
        credential.response.signature = Buffer.from(credential.response.signature, 'base64url').fill(1, 10, 20).toString('base64url')
        return credential
      }),
    ]
    for (const answer of answers) {
      assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${answer.text}`)
    }
    assert.equal(await levels(later), 'aal1/aal2')
  })

  test('answers that are none', async () => {
    const { supabase } = await newUser(world.server)
    const token = await accessToken(supabase)
    const { id: factorId } = ok(await supabase.auth.mfa.enroll({ factorType: 'webauthn', friendlyName: 'key' }))
    const challenge = await post(world, token, `/factors/${factorId}/challenge`, {})
    const verify = (webauthn) => request(world.server, 'POST', `/factors/${factorId}/verify`, {
      token, body: { challenge_id: challenge.id, webauthn },
    })
    for (const webauthn of [undefined, {}, { type: 'dance' }, { type: 'create' }, { type: 'create', credential_response: {} }]) {
      const answer = await verify(webauthn)
      assert.deepEqual([answer.status, answer.json.error_code], [400, 'validation_failed'], answer.text)
    }
    refused(await supabase.auth.mfa.challenge({ factorId: 'nothing' }), 'validation_failed', 404)
  })
}

async function post(world, token, path, body) {
  const answer = await request(world.server, 'POST', path, { token, body })
  assert.equal(answer.status, 200, answer.text)
  return answer.json
}

async function register(world, supabase, key) {
  const token = await accessToken(supabase)
  const { id: factorId } = ok(await supabase.auth.mfa.enroll({ factorType: 'webauthn', friendlyName: 'key' }))
  const challenge = await post(world, token, `/factors/${factorId}/challenge`, {})
  assert.equal(challenge.webauthn.type, 'create')
  const session = await post(world, token, `/factors/${factorId}/verify`, {
    challenge_id: challenge.id,
    webauthn: { type: 'create', credential_response: key.create(challenge.webauthn.credential_options.publicKey) },
  })
  assert.equal(session.user.factors[0].factor_type, 'webauthn')
  return { token: session.access_token, factorId }
}
