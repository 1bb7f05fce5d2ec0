import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../ports/random.ts'

export interface NonceSettings {
  /** Milliseconds that a nonce counts. */
  readonly lifetime: number
  /** The first signs new nonces; all are believed, so that a secret can be replaced while servers run. */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]]
  /** Whether a proof with a nonce may be of any age: the nonce is evidence enough that it is new (RFC 9449 §11.1). */
  readonly replacesAge: boolean
}

/** What a nonce is worth: `aging` when its successor should be handed out. */
export type NonceVerdict = 'good' | 'aging' | 'bad'

/** Characters: a moment in milliseconds (6 octets), chance (12 octets), and what proves that we wrote both. */
const MOMENT = 8
const CHANCE = 16
const PROOF = 22
const SHAPE = new RegExp(String.raw`^[\w-]{${MOMENT + CHANCE + PROOF}}$`)
const LABEL = 'holdfast dpop nonce'
/** Keys kept: those of this and the last period, for a few secrets. */
const KEPT_KEYS = 16

/**
 * Nonces that nobody has to remember (RFC 9449 §8): each holds the moment it was made, and a MAC over that. The key of the
 * MAC follows from a secret and the moment, and changes with every lifetime, so that many nonces teach little.
 */
export class Nonces {
  readonly lifetime: number
  readonly replacesAge: boolean
  readonly #secrets: NonceSettings['secrets']
  readonly #random: Random
  readonly #keys = new Map<string, Buffer>()

  constructor({ lifetime, secrets, replacesAge }: NonceSettings, random: Random) {
    this.lifetime = lifetime
    this.replacesAge = replacesAge
    this.#secrets = secrets
    this.#random = random
  }

  /** @param now Milliseconds since 1970. */
  issue(now: number): string {
    const moment = Buffer.alloc(6)
    moment.writeUIntBE(Math.trunc(now), 0, 6)
    const said = moment.toString('base64url') + this.#random.id().slice(0, CHANCE)
    return said + this.#proofOf(said, now, 0)
  }

  judge(nonce: string, now: number): NonceVerdict {
    if (!SHAPE.test(nonce)) return 'bad'
    const said = nonce.slice(0, MOMENT + CHANCE)
    const madeAt = momentOf(nonce)
    const age = now - madeAt
    // From the future: of an instance whose clock is ahead, and by no more than it may be.
    if (age > this.lifetime || age < -this.lifetime / 2) return 'bad'
    const proof = Buffer.from(nonce.slice(MOMENT + CHANCE), 'latin1')
    const isOurs = this.#secrets.some((_, index) =>
      timingSafeEqual(proof, Buffer.from(this.#proofOf(said, madeAt, index), 'latin1')),
    )
    if (!isOurs) return 'bad'
    return age > this.lifetime / 2 ? 'aging' : 'good'
  }

  /** The moment, in milliseconds since 1970, from which on a nonce counts no more; `NaN` for what cannot be one of ours. */
  endOf(nonce: string): number {
    return SHAPE.test(nonce) ? momentOf(nonce) + this.lifetime : NaN
  }

  #proofOf(said: string, moment: number, secret: number): string {
    return createHmac('sha256', this.#keyFor(moment, secret)).update(said).digest('base64url').slice(0, PROOF)
  }

  #keyFor(moment: number, index: number): Buffer {
    const period = Math.floor(moment / this.lifetime)
    const name = `${index} ${period}`
    let key = this.#keys.get(name)
    if (!key) {
      if (this.#keys.size >= KEPT_KEYS) this.#keys.clear()
      key = createHmac('sha256', this.#secrets[index]!).update(`${LABEL} ${period}`).digest()
      this.#keys.set(name, key)
    }
    return key
  }
}

function momentOf(nonce: string): number {
  return Buffer.from(nonce.slice(0, MOMENT), 'base64url').readUIntBE(0, 6)
}
