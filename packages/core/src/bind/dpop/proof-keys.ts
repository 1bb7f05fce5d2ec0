import { LRUCache } from 'lru-cache'
import { refused } from '../../errors.ts'
import { keyFor, VerificationKey } from '../../keys/jwk.ts'
import type { JsonObject } from '../../syntax/json.ts'
import type { Algorithm } from '../../verify/algorithms.ts'

/** Keys of clients that are kept: about 3 KiB each, with the header. An import costs as much as a signature, or more. */
const KEPT = 10_000
/** Characters of a header that is kept: one with the largest RSA key, and no room for what only its client understands. */
const MAX_KEPT_HEADER = 2_048
/** What a header said is not needed once its key is known: parsed JSON can be twenty times as large as its text. */
const READ: JsonObject = Object.freeze({})

/** The header of a proof, judged: who signed, by what it says. */
export interface ProofHeader {
  /** As it was written. */
  readonly segment: string
  /** Both empty where the key is remembered. */
  readonly header: JsonObject
  readonly jwk: JsonObject
  readonly algorithm: Algorithm
  /** RFC 7638 thumbprint of the key, as the proof spells it. */
  readonly thumbprint: string
  /** Present where it is remembered. */
  readonly key: VerificationKey | undefined
}

/**
 * The keys that proofs were made with. A client writes the same header again and again: one look-up then tells what it
 * says. Kept only for whom a good token is bound to: strangers push nothing out. A header is kept when its key comes again:
 * keys of which nobody sees a second proof are many where clients make one for each session.
 */
export class ProofKeys {
  // Made when the first comes: to set so many places aside takes longer than all else when a server is built.
  #headers: LRUCache<string, ProofHeader> | undefined
  /** By algorithm and thumbprint: a client that varies its header pays for reading it, and imports nothing anew. */
  #keys: LRUCache<string, VerificationKey> | undefined

  /** What a header says, where it came before. */
  known(segment: string): ProofHeader | undefined {
    return this.#headers?.get(segment)
  }

  /** Remembers the key with which a proof was made that is good; from the second one on its header, too. */
  remember(header: ProofHeader, key: VerificationKey): void {
    if (header.key) return
    this.#keys ??= new LRUCache({ max: KEPT })
    const name = nameOf(header)
    if (this.#keys.get(name) === key) this.#rememberHeader(header, key)
    else this.#keys.set(name, key)
  }

  #rememberHeader({ segment: slice, algorithm, thumbprint }: ProofHeader, key: VerificationKey): void {
    if (slice.length > MAX_KEPT_HEADER) return
    // A copy for the key: a slice of the proof would keep the whole proof in memory.
    const segment = Buffer.from(slice, 'latin1').toString('latin1')
    this.#headers ??= new LRUCache({ max: KEPT })
    this.#headers.set(segment, Object.freeze({ segment, header: READ, jwk: READ, algorithm, thumbprint, key }))
  }

  /** The key that a header names, imported unless it is remembered. @throws {AuthError} `proof_key_unfit`. */
  of(header: ProofHeader): VerificationKey {
    const known = header.key ?? this.#keys?.get(nameOf(header))
    if (known) return known
    const { jwk, algorithm, thumbprint } = header
    const key = isPaddedRsa(jwk) ? 'unusable' : keyFor(jwk, algorithm, thumbprint)
    if (!(key instanceof VerificationKey)) throw refused('proof_key_unfit', { detail: key })
    if (!key.material) throw refused('proof_key_unfit', { detail: 'unusable' })
    return key
  }
}

const nameOf = ({ algorithm, thumbprint }: ProofHeader): string => `${algorithm} ${thumbprint}`

/** Leading zeros in a number are another spelling of one key, with a thumbprint of its own (RFC 7638 §7). */
const isPaddedRsa = ({ kty, n, e }: JsonObject): boolean => kty === 'RSA' && (isPadded(n) || isPadded(e))
const isPadded = (number: unknown): boolean => typeof number === 'string' && /^A[A-P]/.test(number)
