import type { Reason } from './errors.ts'
import type { AdviceEvent, DocumentEvent } from './ports/observer.ts'

type Advice = readonly [code: AdviceEvent['code'], message: (issuer: string) => string]

/** Refusals that a change of configuration would most often mend, and the line to write. */
const ADVICE: Partial<Readonly<Record<Reason, Advice>>> = {
  type_wrong: [
    'HOLDFAST_TYP',
    (issuer) =>
      `${issuer} sent a JWT whose "typ" is not "at+jwt" (RFC 9068). If its access tokens are like that, write: jwt: { profile: 'jwt' }`,
  ],
  audience_wrong: [
    'HOLDFAST_AUDIENCE',
    (issuer) =>
      `${issuer} sent a token for another audience. If it was meant for this API, write into "audience" what the token's "aud" says, exactly`,
  ],
  token_kind_wrong: [
    'HOLDFAST_TOKEN_KIND',
    (issuer) =>
      `${issuer} sent a token that looks like an ID or refresh token. If its access tokens are like that, name the claim that tells them apart, such as: requiredClaims: { typ: 'Bearer' }`,
  ],
  audience_missing: [
    'HOLDFAST_AUDIENCE_MISSING',
    (issuer) =>
      `${issuer} sent a token without "aud". If its introspection never names an audience, write: introspection: { audience: 'ifPresent', … }; unmarked refresh tokens then pass, too`,
  ],
  issuer_unknown: [
    'HOLDFAST_ISSUER_SLASH',
    (issuer) =>
      `a token names an issuer that differs from ${issuer} by a trailing slash only; write the issuer exactly as its tokens spell it`,
  ],
  opaque_unsupported: [
    'HOLDFAST_OPAQUE',
    () =>
      'a token arrived that is not a JWT, and no issuer has introspection; if it should be accepted, write: introspection: { client: … }',
  ],
  introspection_misconfigured: [
    'HOLDFAST_INTROSPECTION_CREDENTIALS',
    (issuer) =>
      `the introspection endpoint of ${issuer} rejects our credentials; check the client id, its secret and its permission to introspect`,
  ],
  fresh_unsupported: [
    'HOLDFAST_FRESH',
    (issuer) =>
      `a route asks for fresh() evidence and ${issuer} has no introspection; configure it, or write fresh(…, { signature: 'counts' })`,
  ],
}

/** Troubles that waiting does not mend. */
const NEVER = /^(?:status_4(?!08|25|29)\d\d|issuer_mismatch|endpoint_missing|endpoint_refused|content_type|malformed)$/
/** A bound for what a guard might throw in ever new places. */
const MAX_SAID = 1_000

/** Advice for a refusal, at most once for each code and issuer. */
export class Advisor {
  readonly #said = new Set<string>()

  for(reason: Reason, issuer: string | undefined): AdviceEvent | undefined {
    const advice = ADVICE[reason]
    // An unknown issuer is worth a word only when it is nearly a known one.
    if (!advice || (reason === 'issuer_unknown' && issuer === undefined)) return undefined
    const [code, message] = advice
    const once = `${code} ${issuer ?? ''}`
    if (this.#said.has(once)) return undefined
    this.#said.add(once)
    return { type: 'advice', code, issuer, message: message(issuer ?? 'an authorization server') }
  }

  /** Where something of the application, or of ours, threw: its name and place, never its message. */
  forMistake(reason: Reason, cause: unknown): AdviceEvent | undefined {
    if (reason !== 'guard_failed' && reason !== 'internal_error') return undefined
    const place =
      cause instanceof Error
        ? `${cause.name} ${/\n\s+(at [^\n]+)/.exec(cause.stack ?? '')?.[1] ?? ''}`.trim()
        : typeof cause
    const code = reason === 'guard_failed' ? 'HOLDFAST_GUARD_FAILED' : 'HOLDFAST_INTERNAL_ERROR'
    if (this.#said.size >= MAX_SAID || this.#said.has(`${code} ${place}`)) return undefined
    this.#said.add(`${code} ${place}`)
    const what = reason === 'guard_failed' ? 'a guard threw' : 'a mistake of this library'
    return {
      type: 'advice',
      code,
      issuer: undefined,
      message: `${what}: ${place}; the request got 500. The error is the "cause" of the AuthError`,
    }
  }

  /** A document that can never be had as things stand, by the kind of its trouble; an outage is none of these. */
  forDocument({ issuer, document, trouble = '' }: DocumentEvent): AdviceEvent | undefined {
    const once = `HOLDFAST_DOCUMENT ${issuer} ${document}`
    if (!NEVER.test(trouble) || this.#said.has(once)) return undefined
    this.#said.add(once)
    const message = `the ${document} of ${issuer} cannot be had (${trouble}); check the issuer's spelling, or write "metadataUrl", or the endpoints themselves`
    return { type: 'advice', code: 'HOLDFAST_DOCUMENT', issuer, message }
  }
}

/** For new tokens of an issuer that nearly all come from one source: `SourceMix` finds that, once. */
export function proxyAdvice(issuer: string): AdviceEvent {
  const message = `over 90 % of the new tokens of ${issuer} come from one address, so no caller can be told from a flood. If a proxy stands in front, tell the framework: app.set('trust proxy', 1) in Express; new Koa({ proxy: true, maxIpsCount: 1 }) in Koa. If there is one caller only, all is well`
  return { type: 'advice', code: 'HOLDFAST_PROXY', issuer, message }
}
