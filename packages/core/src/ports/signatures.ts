import { type KeyObject, verify } from 'node:crypto'

export interface SignatureCheck {
  /** Digest name for `crypto.verify`; `null` where the algorithm has its own (Ed25519, Ed448). */
  readonly hash: string | null
  readonly key: KeyObject
  readonly data: Buffer
  /** As `crypto.verify` takes it without options: of ECDSA the DER. */
  readonly signature: Buffer
  /**
   * `large` (ES384, ES512, Ed448): takes so long that it must never hold the event loop. `small` (RSA up to 4,096 bits): no
   * longer than a trip through the thread pool.
   */
  readonly cost: 'small' | 'medium' | 'large'
}

/** Where signature arithmetic runs, and when. */
export interface Signatures {
  /** The verdict at once, or `undefined` where this check has to wait: then {@link later}. */
  now(check: SignatureCheck): boolean | undefined
  /** The verdict after a wait; `undefined` when too many wait. */
  later(check: SignatureCheck): Promise<boolean | undefined>
}

/** What a check says. An error of the arithmetic (a signature of impossible shape) means: not signed by this key. */
export function checked({ hash, data, key, signature }: SignatureCheck): boolean {
  try {
    return verify(hash, data, key, signature)
  } catch {
    return false
  }
}

/** Every check at once, in order: for runs in virtual time, which a thread pool would make unrepeatable. */
export const inlineSignatures: Signatures = Object.freeze({
  now: checked,
  later: async (check: SignatureCheck) => checked(check),
})
