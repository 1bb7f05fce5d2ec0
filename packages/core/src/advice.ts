import type { Reason } from './errors.ts'
import type { ClientAuthentication } from './introspection/client-authentication.ts'
import type { TroubleKind } from './introspection/introspector.ts'
import type { Metadata } from './keys/discovery.ts'
import type { AdviceEvent, DocumentEvent } from './ports/observer.ts'
import type { AuthRequest } from './request.ts'
import { oneLine } from './syntax/one-line.ts'
import { isLoopback } from './syntax/source.ts'

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

const PLAIN_HTTP = 'HOLDFAST_PLAIN_HTTP'

/** What threw, by the reason that became of it. */
const MISTAKES: Partial<Readonly<Record<Reason, readonly [code: AdviceEvent['code'], what: string]>>> = {
  guard_failed: ['HOLDFAST_GUARD_FAILED', 'a guard threw'],
  extract_failed: ['HOLDFAST_EXTRACT_FAILED', 'credentials.extract threw'],
  internal_error: ['HOLDFAST_INTERNAL_ERROR', 'a mistake of this library'],
}

/** Methods that go by more than one name (RFC 8705 §2.1 and §2.2, RFC 8414 §2). */
const METHOD_NAMES: Readonly<Record<string, readonly string[]>> = {
  tls_client_auth: ['tls_client_auth', 'self_signed_tls_client_auth'],
  bearer: ['bearer', 'Bearer'],
}

/** Troubles that waiting does not mend. */
const NEVER =
  /^(?:status_4(?!08|25|29)\d\d|issuer_mismatch|endpoint_missing|endpoint_refused|address_denied|content_type|malformed)$/
/**
 * New tokens whose transport is looked at; after these, one in as many. Express reckons address and protocol anew whenever
 * it is asked, which takes 10 to 20 µs of a busy server.
 */
const TRANSPORTS = 100
/** A bound for what a guard might throw in ever new places. */
const MAX_SAID = 1_000

/** Advice for a refusal, at most once for each code and issuer. */
export class Advisor {
  readonly #said = new Set<string>()
  /** Issuers of which a refusal has been explained, by its reason: looked at for each. */
  readonly #explained = new Map<Reason, Set<string | undefined>>()
  #transports = 0

  for(reason: Reason, issuer: string | undefined): AdviceEvent | undefined {
    const advice = ADVICE[reason]
    // An unknown issuer is worth a word only when it is nearly a known one.
    if (!advice || (reason === 'issuer_unknown' && issuer === undefined)) return undefined
    const explained = this.#explained.get(reason) ?? new Set()
    if (explained.has(issuer)) return undefined
    this.#explained.set(reason, explained.add(issuer))
    const [code, message] = advice
    return { type: 'advice', code, issuer, message: message(issuer ?? 'an authorization server') }
  }

  /** Plain http from another machine, and nobody has said whether that is meant. */
  forTransport(request: AuthRequest): AdviceEvent | undefined {
    this.#transports += 1
    if (this.#transports > TRANSPORTS && this.#transports % TRANSPORTS !== 0) return undefined
    if (this.#said.has(PLAIN_HTTP) || request.secure !== false) return undefined
    const { source } = request
    if (source === undefined || isLoopback(source)) return undefined
    this.#said.add(PLAIN_HTTP)
    const message = `a token came over plain http from another machine. If a proxy ends TLS, tell the framework: app.set('trust proxy', 1) in Express; new Koa({ proxy: true, maxIpsCount: 1 }) in Koa. To refuse such requests, write: requireHttps: true; to take them: requireHttps: false`
    return { type: 'advice', code: PLAIN_HTTP, issuer: undefined, message }
  }

  /** Where something of the application, or of ours, threw: its name and place, never its message. */
  forMistake(reason: Reason, cause: unknown): AdviceEvent | undefined {
    const mistake = MISTAKES[reason]
    if (!mistake) return undefined
    const [code, what] = mistake
    const place = cause instanceof Error ? placeOf(cause) : typeof cause
    if (this.#said.size >= MAX_SAID || this.#said.has(`${code} ${place}`)) return undefined
    this.#said.add(`${code} ${place}`)
    return {
      type: 'advice',
      code,
      issuer: undefined,
      message: `${what}: ${place}; the request got 500. The error is the "cause" of the AuthError`,
    }
  }

  /** The same advice once for each code and issuer. */
  once(advice: AdviceEvent): AdviceEvent | undefined {
    const once = `${advice.code} ${advice.issuer ?? ''}`
    if (this.#said.has(once)) return undefined
    this.#said.add(once)
    return advice
  }

  /** A document that can never be had as things stand, by the kind of its trouble; an outage is none of these. */
  forDocument({ issuer, document, trouble = '' }: DocumentEvent): AdviceEvent | undefined {
    const once = `HOLDFAST_DOCUMENT ${issuer} ${document}`
    if (!NEVER.test(trouble) || this.#said.has(once)) return undefined
    this.#said.add(once)
    const message = `the ${document} of ${issuer} cannot be had (${trouble}); check the issuer's spelling, or write "metadataUrl", or the endpoints themselves`
    return { type: 'advice', code: 'HOLDFAST_DOCUMENT', issuer, message }
  }

  /** For metadata that does not list how we authenticate at the endpoint; a list that is not there says nothing. */
  forClient(issuer: string, { method, algorithm }: ClientAuthentication, metadata: Metadata): AdviceEvent | undefined {
    const { introspectionAuthMethods: methods, introspectionAuthAlgorithms: algorithms } = metadata
    const knowsMethod = methods?.some((one) => (METHOD_NAMES[method] ?? [method]).includes(one)) ?? true
    const knowsAlgorithm = algorithm === undefined || (algorithms?.includes(algorithm) ?? true)
    const once = `HOLDFAST_CLIENT_AUTHENTICATION ${issuer}`
    if ((knowsMethod && knowsAlgorithm) || this.#said.has(once)) return undefined
    this.#said.add(once)
    const [what, list] = knowsMethod
      ? [`assertions signed with ${algorithm}`, 'introspection_endpoint_auth_signing_alg_values_supported']
      : [`"${method}"`, 'introspection_endpoint_auth_methods_supported']
    const message = `we authenticate at the introspection endpoint of ${issuer} by ${what}, which its metadata does not list in ${list}; write a client: … of a kind that is listed`
    return { type: 'advice', code: 'HOLDFAST_CLIENT_AUTHENTICATION', issuer, message }
  }
}

/** For new tokens of an issuer that nearly all come from one source: `SourceMix` finds that, once. */
export function proxyAdvice(issuer: string): AdviceEvent {
  const message = `over 90 % of the new tokens of ${issuer} come from one address, so no caller can be told from a flood. If a proxy stands in front, tell the framework: app.set('trust proxy', 1) in Express; new Koa({ proxy: true, maxIpsCount: 1 }) in Koa. If there is one caller only, all is well`
  return { type: 'advice', code: 'HOLDFAST_PROXY', issuer, message }
}

/** For a resource that an authorization server leaves out of the list of those it knows (RFC 9728 §4). */
export function resourceAdvice(issuer: string): AdviceEvent {
  const message = `${issuer} lists "protected_resources", and the identifier of this API is not among them; compare "resource" with what is registered there`
  return { type: 'advice', code: 'HOLDFAST_PROTECTED_RESOURCES', issuer, message }
}

/** For a route that asks for a level of authentication with which nobody can come back (RFC 9470 §7). */
export function acrAdvice(issuer: string, missing: readonly string[]): AdviceEvent {
  const names = missing.map((one) => JSON.stringify(one)).join(', ')
  const message = `a route asks for login({ acr }) with ${names}, which ${issuer} does not list in "acr_values_supported"; write values that it lists`
  return { type: 'advice', code: 'HOLDFAST_ACR', issuer, message }
}

/** What usually mends trouble with signed answers. */
const ANSWERS: Partial<Readonly<Record<TroubleKind, string>>> = {
  unsigned: `answers are not signed, which "introspection.signed" demands; register this client for signed answers (introspection_signed_response_alg), or leave the option out`,
  undecryptable: `answers cannot be opened; compare "introspection.signed.decryption" with what is registered for this client`,
  signature: `answers are not signed by a key of the issuer with "introspection.signed.algorithm"; compare it with what is registered for this client (introspection_signed_response_alg)`,
  foreign: `signed answers are for somebody else; write into "introspection.signed.audience" what their "aud" says of us`,
  outdated: `signed answers are too old, or lie ahead; compare the clocks, and see whether something keeps answers`,
}

/** For signed answers that are no verdict; `undefined` where there is nothing to mend. */
export function signedAnswerAdvice(issuer: string, trouble: TroubleKind | undefined): AdviceEvent | undefined {
  const what = trouble && ANSWERS[trouble]
  if (what === undefined) return undefined
  const message = `the introspection endpoint of ${issuer} says nothing that counts: ${what}`
  return { type: 'advice', code: 'HOLDFAST_SIGNED_ANSWERS', issuer, message }
}

/**
 * The class of an error and the first line of its trace. Its message may quote what a stranger sent, line feeds and all,
 * so the trace begins behind the message; where that is not found, nothing is quoted.
 */
function placeOf({ name, message, stack }: Error): string {
  const head = message === '' ? '\n' : `: ${message}\n`
  const written = String(stack)
  const at = written.indexOf(head)
  const first = at === -1 ? undefined : /^\s+(at [^\n]+)/.exec(written.slice(at + head.length))?.[1]
  return oneLine(`${name} ${first ?? ''}`).trim()
}

/** For an identifier with a query, which RFC 9728 §1.2 discourages: clients and servers take it apart differently. */
export function resourceQueryAdvice(resource: string): AdviceEvent {
  const message = `the resource ${JSON.stringify(resource)} has a query; write an identifier without one, as RFC 9728 advises`
  return { type: 'advice', code: 'HOLDFAST_RESOURCE_QUERY', issuer: undefined, message }
}
