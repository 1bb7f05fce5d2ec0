import { digestOf, digestOfKey } from '../../cache/digest.ts'
import { orThrow, refused } from '../../errors.ts'
import type { VerificationKey } from '../../keys/jwk.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ReplayMemory } from '../../ports/replay-memory.ts'
import type { Signatures } from '../../ports/signatures.ts'
import { type AuthRequest, onlyFieldLine } from '../../request.ts'
import { STILL_RUNNING, waitAtMost } from '../../resilience/deadline.ts'
import { signedBy, signedByNow } from '../../verify/signature.ts'
import type { LocalReplays, ReplayStatus } from './local-replays.ts'
import type { Nonces } from './nonces.ts'
import { type DpopProof, type ProofRules, readProof } from './proof.ts'
import { type ProofHeader, ProofKeys } from './proof-keys.ts'

/** One use of a proof, as memories know it. */
interface Use {
  readonly key: string
  /** The thumbprint of the key that signed. */
  readonly signer: string
  readonly until: number
}

export interface DpopParts {
  readonly rules: ProofRules
  /** Whether a token must be bound to a DPoP key. */
  readonly isRequired: boolean
  /** Present where proofs need a nonce. */
  readonly nonces: Nonces | undefined
  /** What stands beside a nonce in an answer. */
  readonly nonceFields: Readonly<Record<string, string>>
  /** The memory of this process; present where nothing else is asked, or where it stands in for what is shared. */
  readonly localReplays: LocalReplays | undefined
  /** A memory that several processes share. */
  readonly sharedReplays: ReplayMemory | undefined
  /** Milliseconds that a request waits for the shared memory. */
  readonly wait: number
  readonly clock: Clock
  readonly signatures: Signatures
}

/**
 * DPoP at the resource server (RFC 9449 §7): reads the proof of a request, and has it count, once, for the key that a token
 * is bound to. In the order of cost: what the proof says, whose key it is, its signature, its nonce, whether it is new.
 */
export class Dpop {
  readonly isRequired: boolean
  readonly #parts: DpopParts
  readonly #keys = new ProofKeys()
  readonly #known = (segment: string): ProofHeader | undefined => this.#keys.known(segment)

  constructor(parts: DpopParts) {
    this.isRequired = parts.isRequired
    this.#parts = parts
  }

  /** Of the memory of this process, where proofs are remembered in it. */
  get replays(): ReplayStatus | undefined {
    return this.#parts.localReplays?.status
  }

  /**
   * The proof that came with a token under the scheme DPoP, judged by what it says: not by its signature.
   *
   * @param tokenKey That of `keyOf`.
   * @param wall Milliseconds since 1970.
   * @throws {AuthError} `proof_…`.
   */
  read(request: AuthRequest, tokenKey: string, wall: number): DpopProof {
    const field = onlyFieldLine(request.rawHeaders, 'dpop')
    if (field === undefined) throw refused('proof_missing')
    if (field === false) throw refused('proof_repeated')
    const { rules } = this.#parts
    const { method, url } = request
    const terms = { rules, method, url, tokenDigest: digestOfKey(tokenKey) }
    return orThrow(readProof(field, terms, this.#known, wall))
  }

  /** Whether the proof is now used up for this key; false where that takes waiting, and then it is not. @throws {AuthError} */
  proveNow(proof: DpopProof, jkt: string): boolean {
    const { localReplays, sharedReplays, signatures } = this.#parts
    const key = this.#keyBoundTo(proof, jkt)
    const use = this.#newUseOf(proof)
    if (sharedReplays) return false
    const isSigned = signedByNow(proof.jws, key, signatures)
    if (isSigned === undefined) return false
    this.#checkSigned(proof, key, isSigned)
    if (!localReplays!.consume(use.key, use.until, use.signer)) throw refused('proof_replayed')
    return true
  }

  /** Uses up the proof for this key. @throws {AuthError} or rejects with one. */
  async prove(proof: DpopProof, jkt: string): Promise<void> {
    const key = this.#keyBoundTo(proof, jkt)
    const use = this.#newUseOf(proof)
    const isSigned = await signedBy(proof.jws, key, this.#parts.signatures)
    if (isSigned === undefined) throw refused('overloaded')
    this.#checkSigned(proof, key, isSigned)
    if (!(await this.#isFirst(use))) throw refused('proof_replayed')
  }

  #keyBoundTo(proof: DpopProof, jkt: string): VerificationKey {
    const { header } = proof
    // No secret: whoever has the token can tell by which key it is bound, and has to have that.
    if (header.thumbprint !== jkt) throw refused('binding_mismatch')
    return this.#keys.of(header)
  }

  /** What is left once the arithmetic is done. A nonce is asked for only of proofs that are good otherwise. */
  #checkSigned(proof: DpopProof, key: VerificationKey, isSigned: boolean): void {
    if (!isSigned) throw refused('proof_signature_invalid')
    this.#keys.remember(proof.header, key)
    const { nonces } = this.#parts
    if (!nonces) return
    const { nonce, arrivedAt } = proof
    const verdict = nonce === undefined ? 'bad' : nonces.judge(nonce, arrivedAt)
    if (verdict === 'good') return
    const dpopNonce = nonces.issue(arrivedAt)
    if (verdict === 'bad') throw refused(nonce === undefined ? 'nonce_missing' : 'nonce_unknown', { dpopNonce })
    proof.answerFields = { 'dpop-nonce': dpopNonce, ...this.#parts.nonceFields }
  }

  /** A flood of one proof costs a look-up each, and no arithmetic. @throws {AuthError} `proof_replayed`. */
  #newUseOf(proof: DpopProof): Use {
    const { header, htu, jti } = proof
    // What one client writes into its proofs is no matter for another.
    const { thumbprint: signer } = header
    const use = { key: digestOf(`${signer} ${htu} ${jti}`), signer, until: this.#endOf(proof) }
    if (this.#parts.localReplays?.has(use.key, use.until) === true) throw refused('proof_replayed')
    return use
  }

  async #isFirst({ key, until, signer }: Use): Promise<boolean> {
    const { localReplays, sharedReplays, wait, clock } = this.#parts
    // What this process has seen needs no question, and what it sees now it knows when the shared memory fails.
    if (localReplays?.consume(key, until, signer) === false) return false
    if (!sharedReplays) return true
    const answer = await waitAtMost(asked(sharedReplays, key, until), wait, clock)
    if (typeof answer === 'boolean') return answer
    if (localReplays) return true
    throw refused('replay_memory_unavailable', { cause: answer === STILL_RUNNING ? undefined : answer.cause })
  }

  /**
   * Milliseconds since 1970 from which on the proof would be refused for its age alone, however long the request that
   * brought it has waited.
   */
  #endOf({ iat, nonce }: DpopProof): number {
    const { rules, nonces, wait } = this.#parts
    const byAge = (iat + rules.maxAge) * 1_000
    const end = rules.nonceReplacesAge && nonce !== undefined ? nonces!.endOf(nonce) : byAge
    return Math.ceil(end) + 2 * wait + 1_000
  }
}

/** A memory's word, or its failure: anything but a boolean is one. */
async function asked(memory: ReplayMemory, key: string, until: number): Promise<boolean | { readonly cause: unknown }> {
  try {
    const answer: unknown = await memory.consume(key, until)
    return typeof answer === 'boolean' ? answer : { cause: new TypeError('consume() gave no boolean') }
  } catch (cause) {
    return { cause }
  }
}
