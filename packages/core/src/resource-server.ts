import { type Answer, answer, type ChallengeSettings, completed } from './answer.ts'
import { assemble, type Parts } from './assemble.ts'
import { bind } from './bind/bind.ts'
import { digestOf } from './cache/digest.ts'
import { classify } from './classify.ts'
import { type AuthContext, contextOf, originOf } from './context.ts'
import { type Duration, milliseconds } from './duration.ts'
import { AuthError, ConfigError, type Reason, refused } from './errors.ts'
import { extract } from './extract.ts'
import { errorOf, firstRefusal } from './guard/authorize.ts'
import type { Guard } from './guard/guard.ts'
import type { ResourceServerOptions } from './options/options.ts'
import { resolveSettings } from './options/resolve.ts'
import type { Settings } from './options/settings.ts'
import type { AuthRequest } from './request.ts'
import { waitAtMost } from './resilience/deadline.ts'
import { type ResourceMetadata, resourceMetadataOf } from './resource-metadata.ts'
import { type Revocation, type RevocationReceipt, revocationTarget } from './revoke.ts'
import { type ServerStatus, statusOf } from './status.ts'
import { Telemetry } from './telemetry.ts'
import type { Presented, Verdict } from './verify/verifier.ts'

/** What is known of a token. `unavailable` is not a verdict: the token may be good. */
export type VerifyResult =
  | { readonly outcome: 'valid'; readonly auth: AuthContext }
  | { readonly outcome: 'invalid'; readonly reason: Reason }
  | { readonly outcome: 'unavailable'; readonly reason: Reason; readonly retryAfter: number }

/** What the operation behind a request needs, for the challenge of a request that gets nowhere near its guards. */
export interface OperationNeeds {
  /** Named in a 401 challenge (RFC 6750 §3). */
  readonly scopes?: readonly string[] | undefined
}

/** An OAuth 2.0 resource server: decides whether a request may act, and says how it knows. */
export interface ResourceServer {
  /** The context of a request's token. @throws {AuthError} complete with the headers to answer with. */
  authenticate(request: AuthRequest, needs?: OperationNeeds): Promise<AuthContext>
  /** The same without waiting: a context, an error, or `undefined` when it takes waiting. Then call {@link authenticate}. */
  tryAuthenticate(request: AuthRequest, needs?: OperationNeeds): AuthContext | AuthError | undefined
  /**
   * Asks every guard; the context they said yes to, which is a newer one when a guard asked for fresh evidence. Answers
   * at once unless a guard waits. @throws {AuthError} or rejects with one.
   */
  authorize(auth: AuthContext, ...guards: readonly Guard[]): AuthContext | Promise<AuthContext>
  /** Status, headers and body for an error. Anything but an {@link AuthError} becomes an empty 500. */
  answer(error: unknown): Answer
  /** Judges a token that did not come in a request. */
  verify(token: string, options?: { readonly signal?: AbortSignal }): Promise<VerifyResult>
  /** Forgets a token: the authorization server is asked again at its next use. */
  invalidate(token: string): void
  /** Refuses tokens until they expire. Resolves once the order is kept. @throws {ConfigError} when it is unclear. */
  revoke(revocation: Revocation): Promise<RevocationReceipt>
  /** Waits, at most `timeout` (default `'5s'`), for metadata and keys. Never rejects because of an outage. */
  ready(options?: { readonly timeout?: Duration }): Promise<ServerStatus>
  status(): ServerStatus
  /** The RFC 9728 document, where the resource has an https identifier. */
  readonly metadata: ResourceMetadata | undefined
  /** Names the document in every challenge, from now on; called by what serves it. */
  announceMetadata(): void
  /** No new work, waiting requests get 503, sockets and timers go. Safe to call twice. */
  close(): Promise<void>
}

/** @throws {ConfigError} when an option is unknown, missing, wrong or contradicts another. */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  return new Server(resolveSettings(options))
}

const REVOCATIONS = 'revocations'

class Server implements ResourceServer {
  readonly metadata: ResourceMetadata | undefined
  readonly #settings: Settings
  readonly #parts: Parts
  readonly #telemetry: Telemetry
  readonly #challenge: ChallengeSettings
  #announced = false
  /** Set until what an earlier process revoked has been read. */
  #restoring: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    this.#telemetry = new Telemetry(settings.observer)
    this.#parts = assemble(settings, this.#telemetry)
    const { resource, issuers, realm, describeErrors } = settings
    this.metadata =
      resource === undefined
        ? undefined
        : resourceMetadataOf(
            resource,
            issuers.map(({ issuer }) => issuer),
            settings.resourceMetadata,
          )
    this.#challenge = {
      realm,
      describeErrors,
      resourceMetadataUrl: () => (this.#announced ? this.metadata?.url : undefined),
    }
    if (this.#parts.snapshots.durable) this.#restoring = this.#restoreRevocations()
  }

  // --- the path of a request ---------------------------------------------------------------------------------------

  tryAuthenticate(request: AuthRequest, needs?: OperationNeeds): AuthContext | AuthError | undefined {
    try {
      if (this.#closing || this.#restoring) return undefined
      const presented = this.#present(extract(request, this.#settings.maxTokenLength))
      const verdict = this.#now(presented)
      return verdict && this.#accept(verdict, presented)
    } catch (error) {
      return this.#refuse(error, needs)
    }
  }

  async authenticate(request: AuthRequest, needs?: OperationNeeds): Promise<AuthContext> {
    try {
      const presented = this.#present(extract(request, this.#settings.maxTokenLength), request)
      return this.#accept(await this.#verify(presented), presented)
    } catch (error) {
      throw this.#refuse(error, needs)
    }
  }

  authorize(auth: AuthContext, ...guards: readonly Guard[]): AuthContext | Promise<AuthContext> {
    try {
      const passed = this.#authorize(auth, guards, true)
      return passed instanceof Promise ? passed.catch((error: unknown) => Promise.reject(this.#refuse(error))) : passed
    } catch (error) {
      throw this.#refuse(error)
    }
  }

  answer(error: unknown): Answer {
    return answer(error, this.#challenge)
  }

  #present(token: string, request?: AuthRequest, jwt?: Presented['jwt']): Presented {
    return {
      token,
      digest: digestOf(token),
      jwt,
      arrivedAt: this.#settings.ports.clock.monotonic(),
      signal: request?.signal,
    }
  }

  /** A token seen before costs one digest and one look-up; a new one is classified first. */
  #now(presented: Presented): Verdict | undefined {
    const { jwts, introspected } = this.#parts
    const known = jwts.get(presented.digest) ?? introspected.get(presented.digest)
    this.#checkTombstone(presented)
    if (known) return known.verifier.recall(known, presented)
    const { verifier, jwt } = classify(presented.token, this.#parts.routes)
    return verifier.now(jwt ? { ...presented, jwt } : presented)
  }

  async #verify(presented: Presented): Promise<Verdict> {
    if (this.#closing) throw refused('closed')
    if (this.#restoring) await this.#restoring
    const verdict = this.#now(presented)
    if (verdict) return verdict
    const { verifier, jwt } = classify(presented.token, this.#parts.routes)
    const judged = await verifier.verify(jwt ? { ...presented, jwt } : presented)
    if (this.#closing) throw refused('closed')
    return judged
  }

  /** Judged on every request, whatever cache the verdict came from. */
  #accept(verdict: Verdict, presented: Presented): AuthContext {
    const revoked = this.#parts.revocations.judge(verdict.token)
    if (revoked) throw refused(revoked, { issuer: verdict.token.issuer })
    const auth = contextOf(verdict, bind(verdict.token), presented)
    this.#telemetry[verdict.stale ? 'stale' : verdict.source] += 1
    return auth
  }

  #checkTombstone({ digest }: Presented): void {
    if (this.#parts.revocations.isTombstone(digest)) throw refused('token_revoked')
  }

  #authorize(auth: AuthContext, guards: readonly Guard[], mayAsk: boolean): AuthContext | Promise<AuthContext> {
    const at = { now: this.#settings.ports.clock.wall() / 1_000 }
    const decide = (refusal: Awaited<ReturnType<typeof firstRefusal>>): AuthContext | Promise<AuthContext> => {
      if (!refusal) return auth
      if (refusal.reason !== 'evidence_too_old' || refusal.maxEvidenceAge === undefined)
        throw errorOf(refusal, auth, guards, at)
      if (!mayAsk) throw refused('evidence_too_old', { issuer: auth.issuer })
      return this.#askAgain(auth, refusal.maxEvidenceAge, refusal.signatureCounts === true).then((newer) =>
        this.#authorize(newer, guards, false),
      )
    }
    const refusal = firstRefusal(auth, guards, at)
    return refusal instanceof Promise ? refusal.then(decide) : decide(refusal)
  }

  /** One live verification for a route that wants newer evidence. Repeats `verify` only; bindings stay proved. */
  async #askAgain(auth: AuthContext, maxAge: number, signatureCounts: boolean): Promise<AuthContext> {
    const origin = originOf(auth)
    if (!origin) throw refused('guard_failed', { detail: 'the context was not made by this server' })
    if (this.#closing) throw refused('closed')
    const { token, presented } = origin
    const asked = token.verifier.ask(presented, presented.arrivedAt - maxAge)
    if (!asked && !signatureCounts) throw refused('fresh_unsupported', { issuer: auth.issuer })
    if (!asked) token.verifier.forget(presented.digest)
    return this.#accept(await (asked ?? token.verifier.verify(presented)), presented)
  }

  /** Every refusal leaves through here: counted, told, and complete with the headers to answer with. */
  #refuse(error: unknown, needs?: OperationNeeds): AuthError {
    const known = error instanceof AuthError ? error : refused('internal_error', { cause: error })
    this.#telemetry.refusal(known)
    return completed(known, this.#challenge, needs?.scopes)
  }

  // --- without a request -------------------------------------------------------------------------------------------

  async verify(token: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<VerifyResult> {
    try {
      const rawHeaders = ['authorization', `Bearer ${token}`]
      return { outcome: 'valid', auth: await this.authenticate({ rawHeaders, signal }) }
    } catch (error) {
      if (!(error instanceof AuthError) || error.code === 'server_error') throw error
      const { reason, code, headers } = error
      return code === 'unavailable'
        ? { outcome: 'unavailable', reason, retryAfter: Number(headers['retry-after']) }
        : { outcome: 'invalid', reason }
    }
  }

  invalidate(token: string): void {
    const digest = digestOf(token)
    for (const { route } of this.#parts.issuers) {
      route.jwt?.forget(digest)
      route.opaque?.forget(digest)
    }
  }

  async revoke(revocation: Revocation): Promise<RevocationReceipt> {
    const target = revocationTarget(
      revocation,
      this.#parts.issuers.map(({ issuer }) => issuer),
    )
    const { revocations, jwts, introspected, snapshots } = this.#parts
    if (target.is === 'token') {
      const digest = digestOf(target.token)
      revocations.addTombstone(digest, (jwts.peek(digest) ?? introspected.peek(digest))?.expiresAt)
      this.invalidate(target.token)
    } else {
      revocations.addMark(target.kind, target.issuer, target.value, target.before)
    }
    this.#telemetry.emit({ type: 'revocation', result: 'recorded' })
    await this.#restoring
    return { scope: 'process', durable: await snapshots.save(REVOCATIONS, revocations.serialize()) }
  }

  async #restoreRevocations(): Promise<void> {
    const kept = await this.#parts.snapshots.load(REVOCATIONS)
    if (kept !== undefined && !this.#parts.revocations.restore(kept))
      this.#telemetry.emit({ type: 'store_failed', operation: 'load' })
    this.#restoring = undefined
  }

  // --- life --------------------------------------------------------------------------------------------------------

  async ready({ timeout = '5s' }: { readonly timeout?: Duration } = {}): Promise<ServerStatus> {
    const documents = this.#parts.issuers
      .flatMap(({ metadata, keySet }) => [metadata, keySet])
      .filter((one) => one !== undefined)
    const loaded = Promise.all([this.#restoring, ...documents.map((document) => document.value ?? document.obtain())])
    await waitAtMost(loaded, milliseconds(timeout), this.#settings.ports.clock)
    return this.status()
  }

  status(): ServerStatus {
    return statusOf(this.#parts, this.#telemetry)
  }

  announceMetadata(): void {
    if (!this.metadata)
      throw new ConfigError(
        `option "resource" is missing; write the https identifier of this API, such as 'https://api.example.com'`,
      )
    this.#announced = true
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const { metadata, keySet } of this.#parts.issuers) {
      metadata?.close()
      keySet?.close()
    }
    await this.#settings.ports.http.close()
  }
}
