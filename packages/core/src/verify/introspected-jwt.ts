import { AuthError } from '../errors.ts'
import type { IntrospectionVerifier } from './introspection.ts'
import type { JwtVerifier } from './jwt.ts'
import type { VerifiedToken } from './verified-token.ts'
import type { Presented, Verdict, Verifier } from './verifier.ts'

/** When JWTs are introspected: only where a route asks for fresh evidence; always; as long as the authority answers. */
export type JwtMode = 'offline' | 'online' | 'onlineWhenHealthy'

export interface IntrospectedJwtVerifierParts {
  readonly mode: JwtMode
  readonly local: (owner: Verifier) => JwtVerifier
  readonly authority: (owner: Verifier) => IntrospectionVerifier
  /** The entry that the local part keeps for a token. */
  readonly known: (digest: string) => VerifiedToken | undefined
  /** Remembers that the authority called a token inactive, so that no fallback revives it. */
  readonly inactive: (digest: string, expiresAt: number | undefined) => void
  /** False once such knowledge had to be thrown away. */
  readonly mayFallBack: () => boolean
}

/** JWTs that can be held against the authority's word, too. The signature is checked first: forged tokens cause no call. */
export class IntrospectedJwtVerifier implements Verifier {
  readonly #parts: IntrospectedJwtVerifierParts
  readonly #local: JwtVerifier
  readonly #authority: IntrospectionVerifier

  constructor(parts: IntrospectedJwtVerifierParts) {
    this.#parts = parts
    this.#local = parts.local(this)
    this.#authority = parts.authority(this)
  }

  recall(_entry: VerifiedToken, presented: Presented): Verdict | undefined {
    const known = this.#parts.known(presented.digest)
    return this.#with(known && this.#local.recall(known), presented)
  }

  now(presented: Presented): Verdict | undefined {
    return this.#with(this.#local.now(presented), presented)
  }

  async verify(presented: Presented): Promise<Verdict> {
    const local = await this.#signed(presented)
    return this.#parts.mode === 'offline'
      ? local
      : this.#answered(local, presented, () => this.#authority.verify(presented))
  }

  forget(digest: string): void {
    this.#local.forget(digest)
    this.#authority.forget(digest)
  }

  async ask(presented: Presented, since: number): Promise<Verdict> {
    const local = await this.#signed(presented)
    const answer = await this.#watched(local, presented, () => this.#authority.ask(presented, since))
    return this.#together(local, answer)!
  }

  #with(local: Verdict | undefined, presented: Presented): Verdict | undefined {
    if (!local || this.#parts.mode === 'offline') return local
    return this.#together(local, this.#authority.now(presented))
  }

  async #signed(presented: Presented): Promise<Verdict> {
    const known = this.#parts.known(presented.digest)
    return (known && this.#local.recall(known)) ?? this.#local.verify(presented)
  }

  async #answered(local: Verdict, presented: Presented, call: () => Promise<Verdict>): Promise<Verdict> {
    try {
      return this.#together(local, await this.#watched(local, presented, call))!
    } catch (error) {
      const fallBack =
        error instanceof AuthError && error.code === 'unavailable' && this.#parts.mode === 'onlineWhenHealthy'
      if (!fallBack || !this.#parts.mayFallBack()) throw error
      return { ...local, stale: true }
    }
  }

  async #watched(local: Verdict, { digest }: Presented, call: () => Promise<Verdict>): Promise<Verdict> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof AuthError && error.reason === 'token_inactive')
        this.#parts.inactive(digest, local.token.expiresAt)
      throw error
    }
  }

  /** The JWT's claims, on the authority's evidence; an answer may narrow scope and lifetime, never widen them. */
  #together(local: Verdict, answer: Verdict | undefined): Verdict | undefined {
    if (!answer) return undefined
    const { claims } = local.token
    const { exp, scope } = answer.token.claims
    const narrowed = Object.freeze({
      ...claims,
      ...(exp === undefined ? {} : { exp: Math.min(exp as number, claims['exp'] as number) }),
      ...(scope === undefined ? {} : { scope }),
    })
    return { ...answer, token: local.token.onEvidenceOf(answer.token, narrowed) }
  }
}
