import { Dpop, type DpopParts } from '../../src/bind/dpop/dpop.ts'
import { LocalReplays } from '../../src/bind/dpop/local-replays.ts'
import { Nonces } from '../../src/bind/dpop/nonces.ts'
import type { DpopProof, ProofRules } from '../../src/bind/dpop/proof.ts'
import { keyOf } from '../../src/cache/digest.ts'
import { AuthError } from '../../src/errors.ts'
import { inlineSignatures } from '../../src/ports/signatures.ts'
import { ManualClock } from './manual-clock.ts'
import { jkt, type ProofChanges, proofOf, TOKEN } from './proofs.ts'

export const RULES: ProofRules = {
  publicUrls: ['https://api.example'],
  algorithms: ['ES256'],
  maxAge: 60,
  maxAhead: 5,
  maxJtiLength: 40,
  nonceReplacesAge: false,
}
/** Milliseconds. */
export const NONCE_LIFETIME = 60_000
export const WAIT = 1_000

/** A judge of proofs, in time that passes only when told to. */
export class DpopBench {
  readonly clock: ManualClock
  readonly dpop: Dpop

  constructor(parts: Partial<DpopParts> = {}, clock: ManualClock = new ManualClock()) {
    this.clock = clock
    this.dpop = new Dpop({
      rules: RULES,
      isRequired: false,
      nonces: undefined,
      nonceFields: {},
      localReplays: new LocalReplays(100, clock),
      sharedReplays: undefined,
      wait: WAIT,
      signatures: inlineSignatures,
      clock,
      ...parts,
    })
  }

  /** Proofs remembered in this process. */
  get remembered(): number | undefined {
    return this.dpop.replays?.entries
  }

  read(changes?: ProofChanges): DpopProof {
    const request = { method: 'GET', url: '/orders', rawHeaders: ['DPoP', proofOf(changes)] }
    return this.dpop.read(request, keyOf(TOKEN), this.clock.wall())
  }

  /** What comes of a proof: `proved`, `waits`, or why it is refused. */
  now(changes?: ProofChanges, key = jkt): string {
    const refusal = refusalOf(() => this.dpop.proveNow(this.read(changes), key) || 'waits')
    return refusal instanceof AuthError ? refusal.reason : refusal === true ? 'proved' : refusal
  }

  /** The same, where it may wait. */
  async later(changes?: ProofChanges, key = jkt): Promise<string> {
    return this.dpop.prove(this.read(changes), key).then(
      () => 'proved',
      (error: unknown) => (error as AuthError).reason,
    )
  }
}

/** What a call gives, or the refusal that it throws. */
export function refusalOf<T>(run: () => T): T | AuthError {
  try {
    return run()
  } catch (error) {
    return error as AuthError
  }
}

export function noncesFor(replacesAge = false): Nonces {
  let count = 0
  const random = { id: () => `${(count += 1)}`.padStart(24, '0'), next: () => 0.5 }
  return new Nonces({ lifetime: NONCE_LIFETIME, secrets: [Buffer.alloc(32, 1)], replacesAge }, random)
}
