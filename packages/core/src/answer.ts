import { AuthError, type AuthErrorDetails, descriptionOf, type ErrorCode, type Needs } from './errors.ts'
import { isScopeToken } from './syntax/scope.ts'

/** What goes out on the wire. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A small JSON object; a HEAD request gets none of it. */
  readonly body: string
}

export interface ChallengeSettings {
  /** For a challenge without `resource_metadata`; printable ASCII. */
  readonly realm: string
  /** Whether `error_description` is sent: one of a closed list of texts. */
  readonly describeErrors: boolean
  /** The RFC 9728 document, once something serves it. */
  readonly resourceMetadataUrl: () => string | undefined
}

/** Codes that a challenge names. The others are no OAuth errors, or need none. */
const CHALLENGED: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
  'insufficient_user_authentication',
]

/** Seconds that a client is asked to wait where nothing better is known. */
const RETRY_AFTER = 1

/** The same error with the headers that this server answers with; a 401 names the scopes that the operation needs. */
export function completed(error: AuthError, settings: ChallengeSettings, scopes?: readonly string[]): AuthError {
  const known = AuthError.detailsOf(error)
  const details = error.status === 401 ? { scopes, ...known } : known
  return new AuthError(error.reason, details, headersOf(error, details, settings))
}

/** Turns an error into an answer. Whatever is not an {@link AuthError} is a mistake of ours and says nothing. */
export function answer(error: unknown, settings: ChallengeSettings): Answer {
  if (!(error instanceof AuthError)) return answer(new AuthError('internal_error', { cause: error }), settings)
  const headers = { ...headersOf(error, AuthError.detailsOf(error), settings), 'content-type': 'application/json' }
  return { status: error.status, headers, body: JSON.stringify(bodyOf(error, settings)) }
}

function headersOf(error: AuthError, details: AuthErrorDetails, settings: ChallengeSettings): Record<string, string> {
  if (error.status === 500) return { 'cache-control': 'no-store' }
  if (error.code === 'unavailable') {
    const seconds = Math.max(1, Math.ceil(details.retryAfter ?? RETRY_AFTER))
    return { 'cache-control': 'no-store', 'retry-after': String(seconds) }
  }
  return { 'cache-control': 'no-store', 'www-authenticate': challenge(error, details, settings) }
}

/** RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1. Every value is a quoted-string of characters that need no escape. */
function challenge(error: AuthError, { scopes, acrValues, maxAge }: Needs, settings: ChallengeSettings): string {
  const named = CHALLENGED.includes(error.code)
  const parameters = {
    realm: settings.realm,
    error: named ? error.code : undefined,
    error_description: named && settings.describeErrors ? descriptionOf(error.reason) : undefined,
    scope: error.code === 'access_denied' ? undefined : words(scopes),
    acr_values: words(acrValues),
    max_age: Number.isSafeInteger(maxAge) ? String(maxAge) : undefined,
    resource_metadata: settings.resourceMetadataUrl(),
  }
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${value}"`],
  )
  return `Bearer ${written.join(', ')}`
}

/** Space-separated, where there are any. What a guard of the application names and is no scope token stays out. */
function words(named: readonly string[] | undefined): string | undefined {
  const tokens = Array.isArray(named) ? named.filter(isScopeToken) : []
  return tokens.length === 0 ? undefined : tokens.join(' ')
}

/** Equal to the challenge (RFC 6750 §3.1): no credentials, no error; our own mistakes say nothing. */
function bodyOf(error: AuthError, { describeErrors }: ChallengeSettings): Record<string, string> {
  if (error.code === 'none' || error.code === 'server_error') return {}
  const description = describeErrors ? descriptionOf(error.reason) : undefined
  return { error: error.code, ...(description === undefined ? {} : { error_description: description }) }
}
