import { setImmediate } from 'node:timers/promises'
import { resourceQueryAdvice } from './advice.ts'
import { type Answer, answer, type ChallengeSettings, complete, completed } from './answer.ts'
import { assemble, closeIssuers, loadDocuments, type Parts } from './assemble/server.ts'
import { Authentication } from './authentication.ts'
import { keyOf } from './cache/digest.ts'
import { type AuthContext, originOf } from './context.ts'
import { type Duration, milliseconds } from './duration.ts'
import { AuthError, ConfigError, type Refusal, refused, type Scheme } from './errors.ts'
import { explain } from './explain/explain.ts'
import type { Explanation } from './explain/explanation.ts'
import { hasCredentials, schemeOf } from './extract.ts'
import { DrillDesk, type DrillOptions } from './forecast/drill-desk.ts'
import type { DrillReport } from './forecast/drill-report.ts'
import { Forecaster } from './forecast/forecast.ts'
import { errorOf, firstRefusal } from './guard/authorize.ts'
import type { Guard } from './guard/guard.ts'
import { adviseOnLogin } from './login-advice.ts'
import type { ResourceServerOptions } from './options/options.ts'
import { resolveSettings } from './options/resolve.ts'
import type { Settings } from './options/settings.ts'
import type { ObservedServer } from './ports/observer.ts'
import type { AuthRequest } from './request.ts'
import { waitAtMost } from './resilience/deadline.ts'
import { type ResourceMetadata, resourceMetadataOf } from './resource-metadata.ts'
import { type Revocation, RevocationDesk, type RevocationReceipt } from './revoke.ts'
import { type ServerStatus, statusOf } from './status.ts'
import { Telemetry } from './telemetry.ts'
import { resultOf, type VerifyResult } from './verify-result.ts'

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
  /**
   * Counts what would be served and refused from now on if an issuer's authorization server were dead, and changes nothing:
   * no answer, no call, no entry. One drill for each issuer at a time; it ends with the server, too. Rejects with a
   * {@link ConfigError} for wrong options, and where one runs already.
   */
  drill(options: DrillOptions): Promise<DrillReport>
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
  readonly #forecaster: Forecaster
  readonly #drills: DrillDesk
  readonly #authentication: Authentication
  readonly #challenge: ChallengeSettings
  /** What the observer gets of this: it can look, and nothing else. */
  readonly #observed: ObservedServer = Object.freeze({ status: () => this.status() })
  #announced = false
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    const { resources, resourceMetadata } = settings
    const issuers = settings.issuers.map(({ issuer }) => issuer)
    this.#settings = settings
    this.#telemetry = new Telemetry(settings.observer, issuers, settings.ports.clock)
    this.#parts = assemble(settings, this.#telemetry)
    this.#desk = new RevocationDesk(this.#parts, issuers, this.#telemetry, settings.ports)
    this.#parts.answers?.restore(this.#desk.restoring)
    this.metadata = resources.length === 0 ? undefined : resourceMetadataOf(resources, issuers, resourceMetadata)
    this.#announced = settings.profile === 'mcp'
    const resourceMetadataUrl: ChallengeSettings['resourceMetadataUrl'] = (url) =>
      this.#announced ? this.metadata?.urlFor(url) : undefined
    this.#challenge = { ...settings.challenge, resourceMetadataUrl }
    this.#forecaster = new Forecaster(settings, this.#parts)
    this.#drills = new DrillDesk(this.#forecaster.outlooks, this.#parts, this.#telemetry, settings.ports.clock)
    this.#authentication = new Authentication(settings, this.#parts, this.#desk, this.#drills, this.#telemetry)
    this.#telemetry.attach(this.#observed)
    for (const one of resources) if (one.includes('?')) this.#telemetry.emit(resourceQueryAdvice(one))
  }

  async authenticate(request: AuthRequest, needs?: OperationNeeds): Promise<AuthContext> {
    try {
      return await this.#authentication.later(request)
    } catch (error) {
      throw this.#refuse(error, request.url, this.#schemeOf(request), needs)
    }
  }

  tryAuthenticate(request: AuthRequest, needs?: OperationNeeds): AuthContext | AuthError | undefined {
    try {
      const found = this.#authentication.now(request)
      if (!(found instanceof AuthError)) return found
      return this.#refuse(found, request.url, this.#schemeOf(request), needs, complete)
    } catch (error) {
      return this.#refuse(error, request.url, this.#schemeOf(request), needs, complete)
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

  #guard(auth: AuthContext, guards: readonly Guard[], mayAsk: boolean): AuthContext | Promise<AuthContext> {
    const { ports, skewSeconds: skew } = this.#settings
    const at = { now: ports.clock.wall() / 1_000, skew }
    const first = firstRefusal(auth, guards, at)
    if (first === undefined) return auth
    const decide = (refusal: Refusal | undefined): AuthContext | Promise<AuthContext> => {
      if (!refusal) return auth
      if (refusal.reason !== 'evidence_too_old') throw errorOf(refusal, auth, guards, at)
      if (!mayAsk) throw refused('evidence_too_old', { issuer: auth.issuer })
      return this.#authentication.again(auth, refusal).then((newer) => this.#guard(newer, guards, false))
    }
    return first instanceof Promise ? first.then(decide) : decide(first)
  }

  #refuseGuarded(auth: AuthContext, error: unknown, finish = completed): never {
    const presented = originOf(auth)?.presented
    throw this.#refuse(error, presented?.url, presented?.proof ? 'DPoP' : 'Bearer', undefined, finish)
  }

  /** Only where there is a choice. */
  #schemeOf(request: AuthRequest): Scheme | undefined {
    return this.#settings.dpop ? schemeOf(request) : 'Bearer'
  }

  /** Every refusal leaves through here: counted, told, and complete with the headers to answer with. */
  #refuse(
    error: unknown,
    url: string | undefined,
    scheme: Scheme | undefined,
    needs?: OperationNeeds,
    finish = completed,
  ): AuthError {
    const known = error instanceof AuthError ? error : refused('internal_error', { cause: error })
    this.#telemetry.refusal(known)
    adviseOnLogin(known, this.#parts.issuers, this.#telemetry)
    return finish(known, this.#challenge, needs?.scopes, url, scheme)
  }

  // Without a request.

  async verify(token: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<VerifyResult> {
    if (typeof token !== 'string') throw new TypeError('verify(): the token is a text, without "Bearer "')
    try {
      return { outcome: 'valid', auth: await this.#authentication.ofToken(token, signal) }
    } catch (error) {
      return resultOf(this.#refuse(error, undefined, 'Bearer'))
    }
  }

  async explain(token: string): Promise<Explanation> {
    if (typeof token !== 'string') throw new TypeError('explain(): the token is a text, without "Bearer "')
    return explain(this.#authentication.read(token), this.#parts, this.#settings.credentials.maxLength)
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
    const loaded = Promise.all([this.#authentication.restoring, loadDocuments(this.#parts)])
    await waitAtMost(loaded, milliseconds(timeout), this.#settings.ports.clock)
    return this.status()
  }

  status(): ServerStatus {
    return statusOf(this.#parts, this.#telemetry, this.#forecaster.forecast)
  }

  drill(options: DrillOptions): Promise<DrillReport> {
    return this.#drills.run(options)
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
    this.#authentication.close()
    this.#drills.close()
    closeIssuers(this.#parts)
    try {
      await Promise.all([this.#desk.close(), this.#parts.answers?.close()])
      await this.#settings.ports.http.close()
      // Who waited for what ended just now is answered first, and counted.
      await setImmediate()
    } finally {
      this.#telemetry.detach(this.#observed)
    }
  }
}
