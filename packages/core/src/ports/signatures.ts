import { verify, type KeyObject } from 'node:crypto'

export interface SignatureCheck {
  /** Digest name for `crypto.verify`; `null` where the algorithm has its own (Ed25519, Ed448). */
  readonly hash: string | null
  readonly key: KeyObject
  readonly data: Buffer
  /** As `crypto.verify` takes it without options: of ECDSA the DER. */
  readonly signature: Buffer
  /** Takes so long (ES384, ES512, Ed448) that it must never hold the event loop. */
  readonly slow: boolean
}

/** Where signature arithmetic runs. */
export interface Signatures {
  /** The verdict at once, or `undefined` where this check belongs in the thread pool. */
  now(check: SignatureCheck): boolean | undefined
  /** The verdict from the thread pool; `undefined` when too many slow checks are in flight. */
  pooled(check: SignatureCheck): Promise<boolean | undefined>
}

/** Checks in the thread pool of one process; beyond it the answer is 503. Slow ones take most of a millisecond each. */
const IN_FLIGHT = { slow: 64, fast: 4_096 } as const
const inFlight = { slow: 0, fast: 0 }
const FULL = Promise.resolve(undefined)

/**
 * `crypto.verify`: on the event loop for the first fast check of each loop turn, which is 1.1 to 2 times cheaper
 * alone; in the thread pool for the others, which gives better throughput and event-loop delay in a burst.
 */
export function systemSignatures(): Signatures {
  let usedThisTurn = false
  const turnEnds = (): void => {
    usedThisTurn = false
  }
  return {
    now(check) {
      if (check.slow || usedThisTurn) return undefined
      usedThisTurn = true
      setImmediate(turnEnds).unref()
      return verify(check.hash, check.data, check.key, check.signature)
    },
    pooled(check) {
      const lane = check.slow ? 'slow' : 'fast'
      if (inFlight[lane] >= IN_FLIGHT[lane]) return FULL
      return new Promise<boolean>((resolve) => {
        verify(check.hash, check.data, check.key, check.signature, (error, valid) => {
          inFlight[lane] -= 1
          // An error from the arithmetic (a signature of impossible shape) means: not signed by this key.
          resolve(error === null && valid)
        })
        inFlight[lane] += 1
      })
    },
  }
}

/** Every check at once, in order: for runs in virtual time, which a thread pool would make unrepeatable. */
export const inlineSignatures: Signatures = Object.freeze({
  now: (check: SignatureCheck) => verify(check.hash, check.data, check.key, check.signature),
  pooled: async (check: SignatureCheck) => verify(check.hash, check.data, check.key, check.signature),
})
