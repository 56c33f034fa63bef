// Sign-in with wallets, through the official client: with a wallet's interface, and with a message that the app had signed.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { claimsOf, client, ok, refused, session } from '../kit/client.mjs'
import { EthereumWallet, SolanaWallet } from '../kit/wallet.mjs'
import { generous, world } from '../kit/world.mjs'

const url = 'https://app.example.com/login'
const shared = world({
  name: 'web3',
  config: {
    ...generous,
    'auth.rate_limit.web3': 100000,
    'auth.site_url': 'https://app.example.com',
    'auth.web3.solana.enabled': true,
    'auth.web3.ethereum.enabled': true,
  },
})

const wants = (chain, address, { domain = 'app.example.com', uri = url, more = [] } = {}) => [
  `${domain} wants you to sign in with your ${chain} account:`, address, '', 'I agree.', '',
  `URI: ${uri}`, 'Version: 1', ...(chain === 'Ethereum' ? ['Chain ID: 1'] : []), `Issued At: ${new Date().toISOString()}`, ...more,
].join('\n')

/** What the server made of the sign-in. */
async function check(supabase, { user }, { chain, address, network, statement }) {
  assert.equal(user.email, '')
  assert.deepEqual(user.app_metadata, { provider: 'web3', providers: ['web3'] })
  const { access_token: token } = await session(supabase)
  assert.equal(claimsOf(token).amr[0].method, 'web3')
  const { identities: [identity] } = ok(await supabase.auth.getUser()).user
  assert.equal(identity.id, `web3:${chain}:${address}`)
  assert.deepEqual(identity.identity_data.custom_claims, {
    address, chain, ...(network && { network }), domain: 'app.example.com', ...(statement && { statement }),
  })
  ok(await supabase.auth.refreshSession())
}

describe('solana', () => {
  const chain = 'solana'
  test('a wallet that signs messages, and one that signs in', async () => {
    const wallet = new SolanaWallet()
    const ids = []
    const options = { url, signInWithSolana: { chainId: 'solana:mainnet', nonce: 'oNiuWrtP', resources: ['https://a.example/terms'] } }
    for (const [offered, statement] of [[wallet, undefined], [wallet, 'I agree.'], [wallet.withSignIn, 'I agree.'], [wallet.withSignIn, undefined]]) {
      const supabase = client(shared.server)
      const data = ok(await supabase.auth.signInWithWeb3({ chain, wallet: offered, statement, options }))
      ids.push(data.user.id)
      await check(supabase, data, { chain, address: wallet.address, network: 'solana:mainnet', statement })
    }
    assert.equal(new Set(ids).size, 1)
    const other = ok(await client(shared.server).auth.signInWithWeb3({ chain, wallet: new SolanaWallet(), options: { url } }))
    assert.notEqual(other.user.id, ids[0])
  })

  test('a message and its signature, once', async () => {
    const wallet = new SolanaWallet()
    const supabase = client(shared.server)
    const message = wants('Solana', wallet.address)
    const signature = await wallet.signMessage(Buffer.from(message))
    const data = ok(await supabase.auth.signInWithWeb3({ chain, message, signature }))
    await check(supabase, data, { chain, address: wallet.address, statement: 'I agree.' })
    const { error } = await client(shared.server).auth.signInWithWeb3({ chain, message, signature })
    assert.match(error.message, /was used before/)
  })
})

describe('ethereum', () => {
  const chain = 'ethereum'
  test('a wallet', async () => {
    const wallet = new EthereumWallet()
    const ids = []
    for (const statement of [undefined, 'I agree.']) {
      const supabase = client(shared.server)
      const data = ok(await supabase.auth.signInWithWeb3({ chain, wallet, statement, options: { url } }))
      ids.push(data.user.id)
      const address = wallet.address.toLowerCase()
      await check(supabase, data, { chain, address, network: '11155111', statement })
    }
    assert.equal(new Set(ids).size, 1)
  })

  test('a message and its signature, once', async () => {
    const wallet = new EthereumWallet()
    const supabase = client(shared.server)
    // In mixed case: the same account.
    const message = wants('Ethereum', wallet.address, { more: ['Resources:', '- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/'] })
    const signature = wallet.sign(message)
    const data = ok(await supabase.auth.signInWithWeb3({ chain, message, signature }))
    const address = wallet.address.toLowerCase()
    await check(supabase, data, { chain, address, network: '1', statement: 'I agree.' })
    const { error } = await client(shared.server).auth.signInWithWeb3({ chain, message, signature })
    assert.match(error.message, /was used before/)
    const again = ok(await client(shared.server).auth.signInWithWeb3({ chain, wallet, options: { url } }))
    assert.equal(again.user.id, data.user.id)
  })

  test('messages for other apps, other times and by others', async () => {
    const wallet = new EthereumWallet()
    const later = (seconds) => new Date(Date.now() + seconds * 1000).toISOString()
    const table = [
      [{ domain: 'evil.example', uri: 'https://evil.example/' }, /signed for another app/],
      [{ domain: 'evil.example' }, /Domain that does not match/],
      [{ uri: 'http://app.example.com/login', domain: 'app.example.com' }, /does not use HTTPS/],
      [{ more: [`Not Before: ${later(60)}`] }, /valid in the future/],
    ]
    for (const [changes, said] of table) {
      const message = wants('Ethereum', wallet.address, changes)
      const { error } = await client(shared.server).auth.signInWithWeb3({ chain, message, signature: wallet.sign(message) })
      assert.match(error.message, said)
      assert.equal(error.status, 400)
    }
    const message = wants('Ethereum', wallet.address)
    const { error } = await client(shared.server).auth.signInWithWeb3({ chain, message, signature: new EthereumWallet().sign(message) })
    assert.match(error.message, /Signature does not match address/)
    refused(await client(shared.server).auth.signInWithWeb3({ chain, message: 'x'.repeat(64), signature: wallet.sign(message) }), 'validation_failed', 400)
    const users = await shared.database.rows("select 1 from auth.identities where provider_id ilike $1", [`%${wallet.address}`])
    assert.deepEqual(users, [])
  })
})
