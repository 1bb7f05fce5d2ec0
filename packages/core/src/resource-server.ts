import { resourceQueryAdvice } from './advice.ts'
import { type Answer, answer, type ChallengeSettings, complete, completed } from './answer.ts'
import { assemble, closeIssuers, loadDocuments, type Parts } from './assemble/server.ts'
import { bind } from './bind/bind.ts'
import { lastOver, rememberOver } from './cache/connection-memory.ts'
import { keyOf } from './cache/digest.ts'
import { type Classified, classify, isNobodys, tryClassify } from './classify.ts'
import { type AuthContext, type ContextRules, contextOf, contextRulesOf, originOf } from './context.ts'
import { type Duration, milliseconds } from './duration.ts'
import { attributed, AuthError, ConfigError, type Refusal, refused } from './errors.ts'
import { explain } from './explain/explain.ts'
import type { Explanation } from './explain/explanation.ts'
import { extract, hasCredentials, tryExtract } from './extract.ts'
import { errorOf, firstRefusal } from './guard/authorize.ts'
import type { Guard } from './guard/guard.ts'
import { adviseOnLogin } from './login-advice.ts'
import type { ResourceServerOptions } from './options/options.ts'
import { resolveSettings } from './options/resolve.ts'
import type { Settings } from './options/settings.ts'
import { type Instant, instantOf } from './ports/clock.ts'
import type { AuthRequest } from './request.ts'
import { waitAtMost } from './resilience/deadline.ts'
import { type ResourceMetadata, resourceMetadataOf } from './resource-metadata.ts'
import { type Revocation, RevocationDesk, type RevocationReceipt } from './revoke.ts'
import { type ServerStatus, statusOf } from './status.ts'
import { sourceKey } from './syntax/source.ts'
import { Telemetry } from './telemetry.ts'
import { resultOf, type VerifyResult } from './verify-result.ts'
import type { Presented, Verdict } from './verify/verifier.ts'

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
  /** False for a request that presents nothing to judge: that of a visitor, where visitors are welcome. */
  hasCredentials(request: AuthRequest): boolean
  /** Status, headers and body for an error. Anything but an {@link AuthError} becomes an empty 500. */
  answer(error: unknown): Answer
  /** Judges a token that did not come in a request. */
  verify(token: string, options?: { readonly signal?: AbortSignal }): Promise<VerifyResult>
  /**
   * Why a token would be accepted or refused now, by what this process knows: nobody is asked, nothing is remembered. For
   * operators and developers; an explanation quotes what the token says of issuer, audience and times.
   */
  explain(token: string): Promise<Explanation>
  /** Forgets a token: the authorization server is asked again at its next use. */
  invalidate(token: string): void
  /** Refuses tokens until they expire. Resolves once the order is kept. @throws {ConfigError} when it is unclear. */
  revoke(revocation: Revocation): Promise<RevocationReceipt>
  /** Waits, at most `timeout` (default `'5s'`), for metadata and keys. Never rejects because of an outage. */
  ready(options?: { readonly timeout?: Duration }): Promise<ServerStatus>
  status(): ServerStatus
  /** The RFC 9728 document, where the resource has an https identifier. */
  readonly metadata: ResourceMetadata | undefined
  /** Names the document in every challenge, from now on; called by what serves it. @throws {ConfigError} without one. */
  announceMetadata(): void
  /** Whether challenges name the document. */
  readonly announcesMetadata: boolean
  /** No new work, waiting requests get 503, sockets and timers go. Safe to call twice. */
  close(): Promise<void>
}

/** @throws {ConfigError} when an option is unknown, missing, wrong or contradicts another. */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  return new Server(resolveSettings(options))
}

class Server implements ResourceServer {
  readonly metadata: ResourceMetadata | undefined
  readonly #settings: Settings
  readonly #parts: Parts
  readonly #telemetry: Telemetry
  readonly #desk: RevocationDesk
  readonly #challenge: ChallengeSettings
  readonly #contextRules: ContextRules
  /**
   * What `tryAuthenticate` made of the last request that takes waiting, for `authenticate`, which follows: to take the
   * token apart again would be 10 µs.
   */
  #begun: { readonly request: AuthRequest; readonly presented: Presented; readonly found: Classified } | undefined
  #announced = false
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    const { resources, resourceMetadata } = settings
    const issuers = settings.issuers.map(({ issuer }) => issuer)
    this.#settings = settings
    this.#telemetry = new Telemetry(settings.observer)
    this.#parts = assemble(settings, this.#telemetry)
    this.#desk = new RevocationDesk(this.#parts, issuers, this.#telemetry, settings.ports)
    this.#parts.answers?.restore(this.#desk.restoring)
    this.metadata = resources.length === 0 ? undefined : resourceMetadataOf(resources, issuers, resourceMetadata)
    this.#announced = settings.profile === 'mcp'
    const resourceMetadataUrl: ChallengeSettings['resourceMetadataUrl'] = (url) =>
      this.#announced ? this.metadata?.urlFor(url) : undefined
    this.#challenge = { ...settings.challenge, resourceMetadataUrl }
    this.#contextRules = contextRulesOf(settings)
    for (const one of resources) if (one.includes('?')) this.#telemetry.emit(resourceQueryAdvice(one))
  }

  // The path of a request: extract → classify → verify → bind → context, then guard → answer. A token seen before is
  // recalled instead of classified and verified.

  async authenticate(request: AuthRequest, needs?: OperationNeeds): Promise<AuthContext> {
    try {
      const begun = this.#begun?.request === request ? this.#begun : undefined
      this.#begun = undefined
      if (begun) return await this.#admit(request, begun.presented, begun.found)
      return await this.#admit(request, this.#read(extract(request, this.#settings.credentials), request.url))
    } catch (error) {
      throw this.#refuse(error, request.url, needs)
    }
  }

  tryAuthenticate(request: AuthRequest, needs?: OperationNeeds): AuthContext | AuthError | undefined {
    if (this.#closing || this.#restoring) return undefined
    try {
      const token = tryExtract(request, this.#settings.credentials)
      if (token instanceof AuthError) return this.#refuse(token, request.url, needs, complete)
      if (isNobodys(token, this.#parts.routes))
        return this.#refuse(tryClassify(token, this.#parts.routes), request.url, needs, complete)
      const now = instantOf(this.#settings.ports.clock)
      const { socket } = request
      const last = lastOver(socket)
      const isRepeated = last?.token === token
      const presented = this.#present(token, isRepeated ? last.digest : keyOf(token), now, request.url)
      const verdict = this.#recall(presented, now) ?? this.#judge(presented, request)
      if (verdict instanceof AuthError) return this.#refuse(verdict, request.url, needs, complete)
      if (!verdict) return undefined
      const auth = this.#context(verdict, presented)
      if (!isRepeated) rememberOver(socket, presented)
      return auth
    } catch (error) {
      return this.#refuse(error, request.url, needs, complete)
    }
  }

  authorize(auth: AuthContext, ...guards: readonly Guard[]): AuthContext | Promise<AuthContext> {
    try {
      const passed = this.#guard(auth, guards, true)
      return passed instanceof Promise ? passed.catch((error: unknown) => this.#refuseGuarded(auth, error)) : passed
    } catch (error) {
      return this.#refuseGuarded(auth, error, complete)
    }
  }

  answer(error: unknown): Answer {
    return answer(error, this.#challenge)
  }

  hasCredentials(request: AuthRequest): boolean {
    return hasCredentials(request, this.#settings.credentials)
  }

  #present(token: string, digest: string, now: Instant, url: string | undefined): Presented {
    return { token, digest, jwt: undefined, arrivedAt: now.monotonic, url, signal: undefined, source: undefined }
  }

  /** A token as it came, now. */
  #read(token: string, url?: string): Presented {
    return this.#present(token, keyOf(token), instantOf(this.#settings.ports.clock), url)
  }

  /** @param found The route of a token that was not known, where it has been found before. */
  async #admit(request: AuthRequest, presented: Presented, found?: Classified): Promise<AuthContext> {
    if (this.#closing) throw refused('closed')
    const { resilience, ports } = this.#settings
    // Who may have been revoked is not served before that is known; a store that fails says so within its deadline.
    const restoring = this.#restoring
    if (restoring) await waitAtMost(restoring, resilience.wait, ports.clock)
    if (this.#desk.restoring) throw refused('store_unavailable')
    const known = this.#recall(presented, instantOf(ports.clock))
    if (known) return this.#context(known, presented)
    const { issuer, verifier, jwt } = found ?? classify(presented.token, this.#parts.routes)
    const source = (): string | undefined => sourceKey(request.source)
    const waiting: Presented = { ...presented, jwt, signal: request.signal, source }
    try {
      return this.#context(await verifier.verify(waiting), waiting)
    } catch (error) {
      throw attributed(error, issuer)
    }
  }

  /** Pending while the store has not said what an earlier process revoked, and what it knew. */
  get #restoring(): Promise<unknown> | undefined {
    const revocations = this.#desk.restoring
    const answers = this.#parts.answers?.restoring
    return revocations && answers ? Promise.all([revocations, answers]) : (revocations ?? answers)
  }

  /** A token seen before: one digest, one look-up. */
  #recall(presented: Presented, now: Instant): Verdict | undefined {
    const { jwts, introspected, revocations } = this.#parts
    const { token, digest } = presented
    if (revocations.isTombstone(token)) throw refused('token_revoked')
    // Either may have it; the likely one is asked first.
    const [first, second] = token.startsWith('eyJ') ? [jwts, introspected] : [introspected, jwts]
    const known = first.get(digest, now.monotonic) ?? second.get(digest, now.monotonic)
    return known?.verifier.recall(known, presented, now)
  }

  /** A new token, judged at once where its keys are at hand. */
  #judge(presented: Presented, request: AuthRequest): Verdict | AuthError | undefined {
    if (this.#settings.advisesHttps) this.#telemetry.transport(request)
    const found = tryClassify(presented.token, this.#parts.routes)
    if (found instanceof AuthError) return found
    try {
      const { token, digest, arrivedAt, url } = presented
      const { verifier, jwt } = found
      const verdict = verifier.now({ token, digest, jwt, arrivedAt, url, signal: undefined, source: undefined })
      if (!verdict) this.#begun = { request, presented, found }
      return verdict
    } catch (error) {
      return attributed(error, found.issuer)
    }
  }

  /** Judged on every request, whatever cache the verdict came from: revocation and binding. */
  #context(verdict: Verdict, presented: Presented): AuthContext {
    const { token, source, stale } = verdict
    const { revocations } = this.#parts
    if (this.#closing) throw refused('closed')
    const revoked = revocations.isTombstone(presented.token) ? 'token_revoked' : revocations.judge(token)
    if (revoked) throw refused(revoked, { issuer: token.issuer })
    const auth = contextOf(verdict, bind(token), presented, this.#contextRules)
    this.#telemetry[stale ? 'stale' : source] += 1
    return auth
  }

  #guard(auth: AuthContext, guards: readonly Guard[], mayAsk: boolean): AuthContext | Promise<AuthContext> {
    const { ports, skewSeconds: skew } = this.#settings
    const at = { now: ports.clock.wall() / 1_000, skew }
    const first = firstRefusal(auth, guards, at)
    if (first === undefined) return auth
    const decide = (refusal: Refusal | undefined): AuthContext | Promise<AuthContext> => {
      if (!refusal) return auth
      if (refusal.reason !== 'evidence_too_old') throw errorOf(refusal, auth, guards, at)
      if (!mayAsk) throw refused('evidence_too_old', { issuer: auth.issuer })
      return this.#askAgain(auth, refusal).then((newer) => this.#guard(newer, guards, false))
    }
    return first instanceof Promise ? first.then(decide) : decide(first)
  }

  /** One live verification for a route that wants newer evidence. Repeats `verify` only; what was proved stays proved. */
  async #askAgain(auth: AuthContext, { maxEvidenceAge = 0, signatureCounts }: Refusal): Promise<AuthContext> {
    const origin = originOf(auth)
    if (!origin) throw refused('guard_failed', { detail: 'the context was not made by this library' })
    if (this.#closing) throw refused('closed')
    const { token, presented } = origin
    if (signatureCounts === true && token.by === 'signature') {
      token.verifier.forget(presented.digest)
      return this.#context(await token.verifier.verify(presented), presented)
    }
    const asked = token.verifier.ask(presented, presented.arrivedAt - maxEvidenceAge)
    if (!asked) throw refused('fresh_unsupported', { issuer: auth.issuer })
    return this.#context(await asked, presented)
  }

  #refuseGuarded(auth: AuthContext, error: unknown, finish = completed): never {
    throw this.#refuse(error, originOf(auth)?.presented.url, undefined, finish)
  }

  /** Every refusal leaves through here: counted, told, and complete with the headers to answer with. */
  #refuse(error: unknown, url: string | undefined, needs?: OperationNeeds, finish = completed): AuthError {
    const known = error instanceof AuthError ? error : refused('internal_error', { cause: error })
    this.#telemetry.refusal(known)
    adviseOnLogin(known, this.#parts.issuers, this.#telemetry)
    return finish(known, this.#challenge, needs?.scopes, url)
  }

  // Without a request.

  async verify(token: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<VerifyResult> {
    if (typeof token !== 'string') throw new TypeError('verify(): the token is a text, without "Bearer "')
    const request = { rawHeaders: ['authorization', `Bearer ${token}`], signal }
    const { maxLength } = this.#settings.credentials
    try {
      return { outcome: 'valid', auth: await this.#admit(request, this.#read(extract(request, { maxLength }))) }
    } catch (error) {
      return resultOf(this.#refuse(error, undefined))
    }
  }

  async explain(token: string): Promise<Explanation> {
    if (typeof token !== 'string') throw new TypeError('explain(): the token is a text, without "Bearer "')
    return explain(this.#read(token), this.#parts, this.#settings.credentials.maxLength)
  }

  invalidate(token: string): void {
    const digest = keyOf(token)
    for (const { route } of this.#parts.issuers) {
      route.jwt?.forget(digest)
      route.opaque?.forget(digest)
    }
  }

  async revoke(revocation: Revocation): Promise<RevocationReceipt> {
    const receipt = this.#desk.revoke(revocation)
    if (revocation.token !== undefined) this.invalidate(revocation.token)
    return receipt
  }

  async ready({ timeout = '5s' }: { readonly timeout?: Duration } = {}): Promise<ServerStatus> {
    const loaded = Promise.all([this.#restoring, loadDocuments(this.#parts)])
    await waitAtMost(loaded, milliseconds(timeout), this.#settings.ports.clock)
    return this.status()
  }

  status(): ServerStatus {
    return statusOf(this.#parts, this.#telemetry)
  }

  get announcesMetadata(): boolean {
    return this.#announced
  }

  announceMetadata(): void {
    if (!this.metadata) {
      throw new ConfigError(
        `option "resource" is missing, and no audience can be one; write the https identifier of this API, such as 'https://api.example.com'`,
      )
    }
    this.#announced = true
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    closeIssuers(this.#parts)
    await Promise.all([this.#desk.close(), this.#parts.answers?.close()])
    await this.#settings.ports.http.close()
  }
}
