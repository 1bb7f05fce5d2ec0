import {
  AuthError,
  type AuthErrorDetails,
  descriptionOf,
  type ErrorCode,
  type Reason,
  REASONS,
  type Scheme,
} from './errors.ts'
import { isScopeToken } from './syntax/scope.ts'

/** What goes out on the wire. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A small JSON object; a HEAD request gets none of it. */
  readonly body: string
}

export interface ChallengeSettings {
  /** Printable ASCII. */
  readonly realm: string
  /** Whether `error_description` is sent: one of a closed list of texts. */
  readonly describeErrors: boolean
  /** A page about errors, named beside every error code. */
  readonly errorUri: string | undefined
  /** Whether an answer has a body. */
  readonly errorBody: boolean
  /** Whether scripts of other origins may read the header fields of a refusal. */
  readonly exposeHeaders: boolean
  /** The RFC 9728 document, once something serves it. */
  readonly resourceMetadataUrl: (requestUrl: string | undefined) => string | undefined
  /** Present where a token may come under the scheme DPoP. */
  readonly dpop?: DpopChallenge | undefined
}

/** What a DPoP challenge says beyond what every challenge says (RFC 9449 §7.1). */
export interface DpopChallenge {
  readonly algorithms: readonly string[]
  /** Whether there is no other way. */
  readonly isOnly: boolean
  /** Whether proofs need a nonce. */
  readonly asksNonce: boolean
}

/** Codes that a challenge names. The others are no OAuth errors, or need none. */
const CHALLENGED: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_token',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'insufficient_scope',
  'insufficient_user_authentication',
]

/** Codes that another token, or the same one otherwise, may help against: every scheme that is taken is offered. */
const OFFERED: readonly ErrorCode[] = [
  'none',
  'invalid_request',
  'invalid_token',
  'invalid_dpop_proof',
  'use_dpop_nonce',
]

/** By name: `*` means nothing where credentials are sent (Fetch standard §3.3.5). */
const EXPOSED = 'WWW-Authenticate, Retry-After'
const EXPOSED_WITH_NONCE = `${EXPOSED}, DPoP-Nonce`

/** Seconds that a client is asked to wait where nothing better is known. */
const RETRY_AFTER = 1

/** The same error with the headers that this server answers with; a 401 names the scopes that the operation needs. */
export function completed(
  error: AuthError,
  settings: ChallengeSettings,
  scopes?: readonly string[],
  requestUrl?: string,
  scheme?: Scheme,
): AuthError {
  const details = detailsFor(error, scopes, requestUrl, scheme)
  return new AuthError(error.reason, details, headersOf(error, details, settings))
}

/** The same, in its place where that is possible: for an error that was thrown at this request and at no other. */
export function complete(
  error: AuthError,
  settings: ChallengeSettings,
  scopes?: readonly string[],
  requestUrl?: string,
  scheme?: Scheme,
): AuthError {
  const details = detailsFor(error, scopes, requestUrl, scheme)
  return AuthError.complete(error, details, headersOf(error, details, settings))
}

function detailsFor(
  error: AuthError,
  scopes: readonly string[] | undefined,
  requestUrl: string | undefined,
  scheme: Scheme | undefined,
): AuthErrorDetails {
  const known = AuthError.detailsOf(error)
  return error.status === 401 ? { scopes, requestUrl, scheme, ...known } : { requestUrl, scheme, ...known }
}

/** Turns an error into an answer. Whatever is not an {@link AuthError} is a mistake of ours and says nothing. */
export function answer(error: unknown, settings: ChallengeSettings): Answer {
  if (!(error instanceof AuthError)) return answer(new AuthError('internal_error', { cause: error }), settings)
  const { status } = error
  const headers = headersOf(error, AuthError.detailsOf(error), settings)
  if (!settings.errorBody) return { status, headers, body: '' }
  headers['content-type'] = 'application/json'
  return { status, headers, body: constantsOf(error.reason, settings).body }
}

function headersOf(error: AuthError, details: AuthErrorDetails, settings: ChallengeSettings): Record<string, string> {
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  if (error.status === 500) return headers
  if (settings.exposeHeaders) {
    headers['access-control-expose-headers'] = settings.dpop?.asksNonce === true ? EXPOSED_WITH_NONCE : EXPOSED
  }
  if (error.code === 'unavailable') {
    headers['retry-after'] = String(Math.max(1, Math.ceil(details.retryAfter ?? RETRY_AFTER)))
  } else {
    headers['www-authenticate'] = challenge(error, details, settings)
    if (details.dpopNonce !== undefined) headers['dpop-nonce'] = details.dpopNonce
  }
  return headers
}

/**
 * RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1. Every value is a quoted-string; only a realm may have what needs
 * an escape. The challenge of the scheme in use says what is wrong, both where that is not clear (RFC 9449 §7.2).
 */
function challenge(error: AuthError, details: AuthErrorDetails, settings: ChallengeSettings): string {
  const { scopes, acrValues, maxAge } = details
  const { bearer, dpop, other } = constantsOf(error.reason, settings)
  const needs =
    parameter('scope', error.code === 'access_denied' ? undefined : words(scopes)) +
    parameter('acr_values', words(acrValues)) +
    parameter('max_age', Number.isSafeInteger(maxAge) ? String(maxAge) : undefined) +
    parameter('resource_metadata', settings.resourceMetadataUrl(details.requestUrl))
  const tried = error.code === 'none' ? undefined : details.scheme
  const scheme = settings.dpop ? (settings.dpop.isOnly ? 'DPoP' : tried) : 'Bearer'
  if (scheme === 'Bearer') return bearer + needs + other.dpop
  if (scheme === 'DPoP') return other.bearer + dpop + needs
  return `${bearer}${needs}, ${dpop}${needs}`
}

const parameter = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `, ${name}="${value}"`

/** Space-separated, where there are any. What a guard of the application names and is no scope token stays out. */
function words(named: readonly string[] | undefined): string | undefined {
  const tokens = Array.isArray(named) ? named.filter(isScopeToken) : []
  return tokens.length === 0 ? undefined : tokens.join(' ')
}

/** What all answers of a server for one reason have in common. */
interface Constants {
  /** The beginning of each challenge. */
  readonly bearer: string
  readonly dpop: string
  /** The challenge of the scheme that is not in use, to stand behind or before the other; empty where it is not offered. */
  readonly other: { readonly bearer: string; readonly dpop: string }
  readonly body: string
}

/** Written once for each reason, 2 µs each: nothing of a request is in them, and there are no more than reasons. */
const constants = new WeakMap<ChallengeSettings, Map<Reason, Constants>>()

function constantsOf(reason: Reason, settings: ChallengeSettings): Constants {
  let ofServer = constants.get(settings)
  if (!ofServer) constants.set(settings, (ofServer = new Map()))
  let ofReason = ofServer.get(reason)
  if (!ofReason) ofServer.set(reason, (ofReason = constantsFor(reason, settings)))
  return ofReason
}

/** The body is equal to the challenge (RFC 6750 §3.1): no credentials, no error; our own mistakes say nothing. */
function constantsFor(reason: Reason, { realm, describeErrors, errorUri, dpop }: ChallengeSettings): Constants {
  const [code] = REASONS[reason]
  const isChallenged = CHALLENGED.includes(code)
  const description = describeErrors ? descriptionOf(reason) : undefined
  const uri = isChallenged ? errorUri : undefined
  const ofBearer = `Bearer realm="${realm.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  const ofDpop = ofBearer.replace('Bearer', 'DPoP') + parameter('algs', dpop?.algorithms.join(' '))
  const error =
    parameter('error', isChallenged ? code : undefined) +
    parameter('error_description', isChallenged ? description : undefined) +
    parameter('error_uri', uri)
  const isOffered = dpop !== undefined && OFFERED.includes(code)
  const other = {
    bearer: isOffered && !dpop.isOnly ? `${ofBearer}, ` : '',
    dpop: isOffered ? `, ${ofDpop}` : '',
  }
  const saysNothing = code === 'none' || code === 'server_error'
  const body = saysNothing ? {} : { error: code, error_description: description, error_uri: uri }
  return { bearer: ofBearer + error, dpop: ofDpop + error, other, body: JSON.stringify(body) }
}
