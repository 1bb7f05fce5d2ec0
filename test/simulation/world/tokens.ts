import type { Clock } from '@holdfast/core'
import type { Chance } from '../engine/chance.ts'
import { EPOCH } from '../engine/scheduler.ts'

/** What the API of a run is called. */
export const AUDIENCE = 'https://api.example'

/** One access token, as the authorization server and the one who counts see it. Times are monotonic milliseconds. */
export interface Token {
  readonly text: string
  /** In the order of issue; for traces. */
  readonly number: number
  readonly issuedAt: number
  readonly expiresAt: number
  /** `Infinity` unless it was, or is going to be, revoked. */
  revokedAt: number
  /** Replicas that have had an active answer for it: bit `n` for replica `n`, of which there are at most 31. */
  knownTo: number
  /** Replicas that have heard that it is inactive. */
  deniedTo: number
  /** The body of an active answer. */
  answer: Buffer | undefined
  readonly subject: string
}

export interface TokenTerms {
  readonly subject: string
  /** Milliseconds. */
  readonly life: number
  /** Monotonic milliseconds. Default: now. */
  readonly issuedAt?: number
  /** A JWT, for one; default: something opaque. */
  readonly text?: string
}

/** Opaque tokens that the authorization server knows. */
export class Tokens {
  readonly #byText = new Map<string, Token>()
  readonly #chance: Chance
  readonly #clock: Pick<Clock, 'monotonic'>
  #number = 0

  constructor(chance: Chance, clock: Pick<Clock, 'monotonic'>) {
    this.#chance = chance
    this.#clock = clock
  }

  issue({ subject, life, issuedAt = this.#clock.monotonic(), text = this.forge() }: TokenTerms): Token {
    const expiresAt = Math.floor((issuedAt + life) / 1_000) * 1_000 // as `exp` says it, in whole seconds
    const token: Token = {
      text,
      number: (this.#number += 1),
      issuedAt,
      expiresAt,
      revokedAt: Infinity,
      knownTo: 0,
      deniedTo: 0,
      answer: undefined,
      subject,
    }
    this.#byText.set(token.text, token)
    return token
  }

  /** A text that looks like a token and is none. */
  forge(): string {
    return `at_${this.#chance.hex()}`
  }

  get(text: string): Token | undefined {
    return this.#byText.get(text)
  }

  /** Nobody will ask for it any more: a token that is unknown is inactive, too. */
  drop(token: Token): void {
    this.#byText.delete(token.text)
  }

  /** What an introspection says of an active token (RFC 7662 §2.2). */
  answerFor(token: Token): Buffer {
    return (token.answer ??= Buffer.from(
      JSON.stringify({
        active: true,
        aud: AUDIENCE,
        sub: token.subject,
        client_id: 'app',
        scope: 'orders:read orders:write',
        iat: secondsOf(token.issuedAt),
        exp: secondsOf(token.expiresAt),
      }),
    ))
  }
}

/** As claims say it. */
const secondsOf = (moment: number): number => Math.floor((EPOCH + moment) / 1_000)

/** Whether the authorization server stands by a token at this moment. */
export function isActive(token: Token | undefined, now: number): token is Token {
  return token !== undefined && now < token.expiresAt && now < token.revokedAt
}
