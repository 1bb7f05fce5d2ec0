import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { AUDIENCE } from './tokens.ts'

/** An Ed25519 private key in PKCS #8 is these octets and 32 of its own (RFC 8410 §7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

interface SigningKey {
  readonly kid: string
  readonly private: KeyObject
  readonly jwk: object
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The keys of one issuer, made from the seed: Ed25519, whose signatures are the same every time. */
export class SigningKeys {
  readonly #issuer: string
  readonly #seed: string
  readonly #published: SigningKey[] = []
  #made = 0

  constructor(issuer: string, seed: string) {
    this.#issuer = issuer
    this.#seed = seed
  }

  /** Signs with a new key from now on; `keep` older ones stay in the set. */
  rotate(keep = 1): void {
    this.#published.unshift(this.#make())
    this.#published.length = Math.min(this.#published.length, keep + 1)
  }

  /** The published key set (RFC 7517 §5). */
  set(): object {
    return { keys: this.#keys().map(({ jwk }) => jwk) }
  }

  /** An access token (RFC 9068) by the newest key. Times are seconds, as in claims. */
  jwt(claims: { readonly sub: string; readonly jti: string; readonly iat: number; readonly exp: number }): string {
    const key = this.#keys()[0]!
    const header = { alg: 'EdDSA', typ: 'at+jwt', kid: key.kid }
    const payload = { iss: this.#issuer, aud: AUDIENCE, client_id: 'app', scope: 'orders:read', ...claims }
    const signed = `${encode(header)}.${encode(payload)}`
    return `${signed}.${sign(null, Buffer.from(signed), key.private).toString('base64url')}`
  }

  #keys(): readonly SigningKey[] {
    if (this.#published.length === 0) this.#published.push(this.#make())
    return this.#published
  }

  #make(): SigningKey {
    const kid = `key-${(this.#made += 1)}`
    const secret = createHash('sha256').update(`${this.#seed}/${kid}`).digest()
    const key = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' })
    const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' }
    return { kid, private: key, jwk }
  }
}
