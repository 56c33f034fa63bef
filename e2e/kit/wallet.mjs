// Wallets in software, one of each chain, with the interfaces that browser extensions have.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'

const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`

function base58(bytes) {
  let number = BigInt(hex(bytes))
  let text = ''
  for (; number > 0n; number /= 58n) text = digits[Number(number % 58n)] + text
  return '1'.repeat([...bytes].findIndex((byte) => byte !== 0)) + text
}

/** Like window.solana: `signMessage`, and `signIn` where the wallet writes the message itself. */
export class SolanaWallet {
  constructor() {
    const { privateKey } = generateKeyPairSync('ed25519')
    this.key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const { x } = createPublicKey(this.key).export({ format: 'jwk' })
    this.address = base58(Buffer.from(x, 'base64url'))
    this.publicKey = { toBase58: () => this.address }
  }

  async signMessage(bytes) {
    return new Uint8Array(sign(null, bytes, this.key))
  }

  /** The wallet standard's feature: fields in its order, the ones that are there. */
  get withSignIn() {
    return {
      signIn: async (input) => {
        const { domain, statement, uri, version, chainId, nonce, issuedAt, resources } = input
        const fields = Object.entries({
          URI: uri, Version: version, 'Chain ID': chainId, Nonce: nonce, 'Issued At': issuedAt,
        }).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}`)
        const message = [
          `${domain} wants you to sign in with your Solana account:`, this.address, '',
          ...(statement ? [statement, ''] : []), ...fields,
          ...(resources ? ['Resources:', ...resources.map((resource) => `- ${resource}`)] : []),
        ].join('\n')
        const signedMessage = new TextEncoder().encode(message)
        return [{ account: { address: this.address }, signedMessage, signature: await this.signMessage(signedMessage) }]
      },
    }
  }
}

/** Like window.ethereum: `request` (EIP-1193). */
export class EthereumWallet {
  constructor() {
    this.key = secp256k1.utils.randomSecretKey()
    const point = secp256k1.getPublicKey(this.key, false)
    const lower = Buffer.from(keccak_256(point.slice(1))).subarray(12).toString('hex')
    const hash = Buffer.from(keccak_256(Buffer.from(lower))).toString('hex')
    // In mixed case, as wallets show it (EIP-55).
    this.address = `0x${[...lower].map((digit, at) => (hash[at] >= '8' ? digit.toUpperCase() : digit)).join('')}`
  }

  /** EIP-191: what `personal_sign` signs. */
  sign(message) {
    const bytes = Buffer.from(message)
    const hash = keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes]))
    const [recovery, ...rs] = secp256k1.sign(hash, this.key, { prehash: false, format: 'recovered' })
    return hex([...rs, recovery + 27])
  }

  async request({ method, params }) {
    if (method === 'eth_requestAccounts') return [this.address]
    if (method === 'eth_chainId') return '0xaa36a7'
    if (method !== 'personal_sign') throw new Error(`this wallet has no ${method}`)
    return this.sign(Buffer.from(params[0].slice(2), 'hex').toString())
  }
}
