import type { Parts } from './assemble/server.ts'
import { bind, type Binding, bindNow, stillBound } from './bind/bind.ts'
import type { DpopProof } from './bind/dpop/proof.ts'
import { lastOver, rememberOver } from './cache/connection-memory.ts'
import { keyOf } from './cache/digest.ts'
import { type Classified, classify, isNobodys, tryClassify } from './classify.ts'
import { type AuthContext, type ContextRules, contextOf, contextRulesOf, originOf } from './context.ts'
import { attributed, AuthError, type Refusal, refused } from './errors.ts'
import { extract, tryExtract } from './extract.ts'
import type { DrillDesk } from './forecast/drill-desk.ts'
import type { Settings } from './options/settings.ts'
import { type Instant, instantOf } from './ports/clock.ts'
import { type AuthRequest, Caller } from './request.ts'
import { waitAtMost } from './resilience/deadline.ts'
import type { RevocationDesk } from './revoke.ts'
import type { Telemetry } from './telemetry.ts'
import type { VerifiedToken } from './verify/verified-token.ts'
import type { Presented, Verdict } from './verify/verifier.ts'

/**
 * The path of a request to its context: extract → classify → verify → bind → context. A token seen before is recalled
 * instead of classified and verified.
 */
export class Authentication {
  readonly #settings: Settings
  readonly #parts: Parts
  readonly #telemetry: Telemetry
  readonly #desk: RevocationDesk
  readonly #drills: DrillDesk
  readonly #contextRules: ContextRules
  /**
   * What {@link now} made of the last request that takes waiting, for {@link later}, which follows: to take the token apart
   * again would be 10 µs.
   */
  #begun: { readonly request: AuthRequest; readonly presented: Presented; readonly found: Classified } | undefined
  #isClosed = false

  constructor(settings: Settings, parts: Parts, desk: RevocationDesk, drills: DrillDesk, telemetry: Telemetry) {
    this.#settings = settings
    this.#parts = parts
    this.#desk = desk
    this.#drills = drills
    this.#telemetry = telemetry
    this.#contextRules = contextRulesOf(settings)
  }

  /** The context or a refusal, thrown or returned; `undefined` where it takes waiting: then {@link later}. */
  now(request: AuthRequest): AuthContext | AuthError | undefined {
    if (this.#isClosed || this.restoring) return undefined
    const extracted = tryExtract(request, this.#settings.credentials)
    if (extracted instanceof AuthError) return extracted
    const token = typeof extracted === 'string' ? extracted : extracted.token
    if (isNobodys(token, this.#parts.routes)) return tryClassify(token, this.#parts.routes) as AuthError
    const now = instantOf(this.#settings.ports.clock)
    const { socket } = request
    const last = lastOver(socket)
    const isRepeated = last?.token === token
    const digest = isRepeated ? last.digest : keyOf(token)
    const proof = extracted === token ? undefined : this.#parts.bindings.dpop!.read(request, digest, now.wall)
    const presented = present(token, digest, now, request.url, proof)
    const verdict = this.#recall(presented, now) ?? this.#judge(presented, request)
    if (!verdict || verdict instanceof AuthError) return verdict
    this.#checkRevoked(verdict.token, presented)
    const binding = bindNow(verdict.token, presented, request, this.#parts.bindings)
    if (!binding) return undefined
    const auth = this.#admitted(verdict, binding, presented)
    if (!isRepeated) rememberOver(socket, presented)
    return auth
  }

  /** @throws {AuthError} at once or by rejection. */
  later(request: AuthRequest): Promise<AuthContext> {
    const extracted = extract(request, this.#settings.credentials)
    const token = typeof extracted === 'string' ? extracted : extracted.token
    const begun = this.#begun
    this.#begun = undefined
    // The token, too: a request object may have come to stand for another request.
    const isBegun = begun?.request === request && begun.presented.token === token
    const found = isBegun ? begun.found : undefined
    // A proof is read again for the same reason.
    if (extracted !== token) return this.#admit(request, this.read(token, request), found)
    return this.#admit(request, isBegun ? begun.presented : this.read(token), found)
  }

  /** The context of a token that did not come in a request. @throws {AuthError} at once or by rejection. */
  ofToken(token: string, signal: AbortSignal | undefined): Promise<AuthContext> {
    const request = { rawHeaders: ['authorization', `Bearer ${token}`], signal }
    const { maxLength } = this.#settings.credentials
    return this.#admit(request, this.read(extract(request, { maxLength })))
  }

  /** A token as it came, now. @param request What it came in under the scheme DPoP. @throws {AuthError} for its proof. */
  read(token: string, request?: AuthRequest): Presented {
    const now = instantOf(this.#settings.ports.clock)
    const digest = keyOf(token)
    const proof = request && this.#parts.bindings.dpop!.read(request, digest, now.wall)
    return present(token, digest, now, request?.url, proof)
  }

  /** One live verification for a route that wants newer evidence. Repeats `verify` only; what was proved stays proved. */
  async again(auth: AuthContext, { maxEvidenceAge = 0, signatureCounts }: Refusal): Promise<AuthContext> {
    const origin = originOf(auth)
    if (!origin) throw refused('guard_failed', { detail: 'the context was not made by this library' })
    if (this.#isClosed) throw refused('closed')
    const { token, presented } = origin
    if (signatureCounts === true && token.by === 'signature') {
      token.verifier.forget(presented.digest)
      return this.#renewed(await token.verifier.verify(presented), presented, auth)
    }
    const asked = token.verifier.ask(presented, presented.arrivedAt - maxEvidenceAge)
    if (!asked) throw refused('fresh_unsupported', { issuer: auth.issuer })
    return this.#renewed(await asked, presented, auth)
  }

  #renewed(verdict: Verdict, presented: Presented, { binding }: AuthContext): AuthContext {
    this.#checkRevoked(verdict.token, presented)
    return this.#context(verdict, stillBound(verdict.token, binding), presented)
  }

  /** From now on nobody is admitted. */
  close(): void {
    this.#isClosed = true
  }

  /** Pending while the store has not said what an earlier process revoked, and what it knew. */
  get restoring(): Promise<unknown> | undefined {
    const revocations = this.#desk.restoring
    const answers = this.#parts.answers?.restoring
    return revocations && answers ? Promise.all([revocations, answers]) : (revocations ?? answers)
  }

  /** @param found The route of a token that was not known, where it has been found before. */
  async #admit(request: AuthRequest, read: Presented, found?: Classified): Promise<AuthContext> {
    if (this.#isClosed) throw refused('closed')
    const { resilience, ports } = this.#settings
    const presented: Presented = { ...read, url: request.url, caller: new Caller(request) }
    // Who may have been revoked is not served before that is known; a store that fails says so within its deadline.
    const { restoring } = this
    if (restoring) await waitAtMost(restoring, resilience.wait, ports.clock)
    if (this.#desk.restoring) throw refused('store_unavailable')
    const known = this.#recall(presented, instantOf(ports.clock))
    if (known) return this.#bound(known, presented, request)
    const classified = found ?? this.#classify(presented.token)
    const { verifier, jwt } = classified
    let verdict: Verdict
    try {
      verdict = await verifier.verify({ ...presented, jwt })
    } catch (error) {
      throw this.#refusal(error, classified, presented)
    }
    return this.#bound(verdict, presented, request)
  }

  async #bound(verdict: Verdict, presented: Presented, request: AuthRequest): Promise<AuthContext> {
    const { token } = verdict
    this.#checkRevoked(token, presented)
    let binding = bind(token, presented, request, this.#parts.bindings)
    if (binding instanceof Promise) {
      binding = await binding
      // While the proof was judged, the token may have been revoked.
      this.#checkRevoked(token, presented)
    }
    return this.#admitted(verdict, binding, presented)
  }

  /** A token seen before: one digest, one look-up. */
  #recall(presented: Presented, now: Instant): Verdict | undefined {
    const { jwts, introspected, revocations } = this.#parts
    const { token, digest } = presented
    if (revocations.isTombstone(token)) throw refused('token_revoked')
    // Either may have it; the likely one is asked first.
    const [first, second] = token.startsWith('eyJ') ? [jwts, introspected] : [introspected, jwts]
    const known = first.get(digest, now.monotonic) ?? second.get(digest, now.monotonic)
    if (!known) return undefined
    try {
      return known.verifier.recall(known, presented, now)
    } catch (error) {
      throw attributed(error, known.issuer, known.provenance.tally.kind)
    }
  }

  #classify(token: string): Classified {
    const found = classify(token, this.#parts.routes)
    this.#missed(found)
    return found
  }

  /** Counts a token that takes a verification, once for a request. */
  #missed({ kind }: Classified): void {
    const { jwts, introspected } = this.#parts
    const store = kind === 'jwt' ? jwts : introspected
    store.misses += 1
  }

  /** A new token, judged at once where its keys are at hand. */
  #judge(presented: Presented, request: AuthRequest): Verdict | AuthError | undefined {
    if (this.#settings.advisesHttps) this.#telemetry.transport(request)
    const found = tryClassify(presented.token, this.#parts.routes)
    if (found instanceof AuthError) return found
    this.#missed(found)
    try {
      const { token, digest, arrivedAt, url } = presented
      const { verifier, jwt } = found
      const verdict = verifier.now({ token, digest, jwt, arrivedAt, url, caller: undefined })
      if (!verdict) this.#begun = { request, presented, found }
      return verdict instanceof AuthError ? this.#refusal(verdict, found, presented) : verdict
    } catch (error) {
      return this.#refusal(error, found, presented)
    }
  }

  /** What a verifier threw or returned, with whose it is. Throws on what is no refusal. */
  #refusal(error: unknown, { issuer, kind }: Classified, presented: Presented): AuthError {
    this.#drills.refused(error, issuer, kind, presented)
    return attributed(error, issuer, kind)
  }

  /** Like the binding, judged on every request, whatever cache the verdict came from. */
  #checkRevoked(token: VerifiedToken, presented: Presented): void {
    const { revocations } = this.#parts
    if (this.#isClosed) throw refused('closed')
    const revoked = revocations.isTombstone(presented.token) ? 'token_revoked' : revocations.judge(token)
    if (revoked) throw refused(revoked, { issuer: token.issuer, kind: token.provenance.tally.kind })
  }

  /** A request that may act; once for each, however often its evidence is renewed. */
  #admitted(verdict: Verdict, binding: Binding, presented: Presented): AuthContext {
    const { token } = verdict
    const { traffic, drill } = token.provenance.tally
    traffic.pass(token, presented)
    if (drill !== undefined) drill.accepted(token, presented)
    return this.#context(verdict, binding, presented)
  }

  #context(verdict: Verdict, binding: Binding, presented: Presented): AuthContext {
    const auth = contextOf(verdict, binding, presented, this.#contextRules)
    this.#telemetry.accepted(verdict, presented)
    return auth
  }
}

function present(
  token: string,
  digest: string,
  now: Instant,
  url: string | undefined,
  proof: DpopProof | undefined,
): Presented {
  const arrivedAt = now.monotonic
  return { token, digest, jwt: undefined, arrivedAt, url, caller: undefined, proof, sighting: undefined }
}
