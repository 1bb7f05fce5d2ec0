import type { Chance } from '../engine/chance.ts'
import { EPOCH } from '../engine/scheduler.ts'
import { SigningKeys } from '../world/signing-keys.ts'
import { AUDIENCE } from '../world/tokens.ts'

export const ISSUER = 'https://as.example'

/** A token as its issuer knows it. `iat` and `exp` in seconds, as in claims. */
export interface TrueToken {
  readonly number: number
  readonly text: string
  readonly shape: 'opaque' | 'jwt'
  /** False for a text that nobody issued. */
  readonly genuine: boolean
  readonly subject: string
  readonly iat: number
  readonly exp: number
  /** The key that signed, for a genuine JWT. */
  readonly kid: string | undefined
  /** Whether the authorization server still stands by it, apart from `exp`. */
  revoked: boolean
}

/** What the authorization server of a run has issued, and the keys that it publishes. Its own clock never jumps. */
export class Truth {
  readonly keys: SigningKeys
  readonly #forger: SigningKeys
  readonly #chance: Chance
  readonly #now: () => number
  readonly #byText = new Map<string, TrueToken>()
  #number = 0

  /** @param monotonic Milliseconds since the start of the run. */
  constructor(seed: number, random: Chance, monotonic: () => number) {
    this.keys = new SigningKeys(ISSUER, `${seed}/keys`)
    this.#forger = new SigningKeys(ISSUER, `${seed}/forger`)
    this.#chance = random
    this.#now = monotonic
  }

  /** Seconds, by the authorization server's clock. */
  get seconds(): number {
    return (EPOCH + this.#now()) / 1_000
  }

  get(text: string): TrueToken | undefined {
    return this.#byText.get(text)
  }

  issue(shape: TrueToken['shape'], subject: string, life: number): TrueToken {
    const iat = Math.floor(this.seconds)
    const exp = Math.floor(this.seconds + life / 1_000)
    const text = shape === 'opaque' ? `at_${this.#chance.hex()}` : this.#jwt(this.keys, subject, iat, exp)
    return this.#add({ text, shape, genuine: true, subject, iat, exp, kid: kidIn(shape, text) })
  }

  /** Looks like a token and is none; a forged JWT is signed by somebody else under a name that may exist. */
  forge(shape: TrueToken['shape']): TrueToken {
    const iat = Math.floor(this.seconds)
    const [subject, exp] = ['stranger', iat + 600]
    const text = shape === 'opaque' ? `at_${this.#chance.hex()}` : this.#jwt(this.#forger, subject, iat, exp)
    return this.#add({ text, shape, genuine: false, subject, iat, exp, kid: undefined })
  }

  /** A new key signs from now on. @param keep Older ones that stay published. */
  rotate(keep: number): void {
    this.keys.rotate(keep)
  }

  /** Makes the forger's next tokens name another key, known or not. */
  rotateForger(): void {
    this.#forger.rotate(0)
  }

  isActive(token: TrueToken | undefined): token is TrueToken {
    return token !== undefined && token.genuine && !token.revoked && this.seconds < token.exp
  }

  #jwt(keys: SigningKeys, sub: string, iat: number, exp: number): string {
    return keys.jwt({ sub, iat, exp, jti: this.#chance.hex() })
  }

  #add(fields: Omit<TrueToken, 'number' | 'revoked'>): TrueToken {
    const token = { ...fields, number: (this.#number += 1), revoked: false }
    this.#byText.set(token.text, token)
    return token
  }
}

function kidIn(shape: TrueToken['shape'], text: string): string | undefined {
  if (shape === 'opaque') return undefined
  const header = JSON.parse(Buffer.from(text.split('.', 1)[0]!, 'base64url').toString()) as { kid: string }
  return header.kid
}

/** What an honest introspection says of an active token (RFC 7662 §2.2). */
export function claimsOf(token: TrueToken): object {
  const { subject: sub, iat, exp } = token
  return { active: true, iss: ISSUER, aud: AUDIENCE, sub, client_id: 'app', scope: 'orders:read', iat, exp }
}
