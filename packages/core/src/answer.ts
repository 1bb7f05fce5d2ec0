import { AuthError, type AuthErrorDetails, descriptionOf, type ErrorCode } from './errors.ts'
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
}

/** Codes that a challenge names. The others are no OAuth errors, or need none. */
const CHALLENGED: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
  'insufficient_user_authentication',
]

/** By name: `*` means nothing where credentials are sent (Fetch standard §3.3.5). */
const EXPOSED = 'WWW-Authenticate, Retry-After'

/** Seconds that a client is asked to wait where nothing better is known. */
const RETRY_AFTER = 1

/** The same error with the headers that this server answers with; a 401 names the scopes that the operation needs. */
export function completed(
  error: AuthError,
  settings: ChallengeSettings,
  scopes?: readonly string[],
  requestUrl?: string,
): AuthError {
  const known = { requestUrl, ...AuthError.detailsOf(error) }
  const details = error.status === 401 ? { scopes, ...known } : known
  return new AuthError(error.reason, details, headersOf(error, details, settings))
}

/** Turns an error into an answer. Whatever is not an {@link AuthError} is a mistake of ours and says nothing. */
export function answer(error: unknown, settings: ChallengeSettings): Answer {
  if (!(error instanceof AuthError)) return answer(new AuthError('internal_error', { cause: error }), settings)
  const { status } = error
  const headers = headersOf(error, AuthError.detailsOf(error), settings)
  if (!settings.errorBody) return { status, headers, body: '' }
  const body = JSON.stringify(bodyOf(error, settings))
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body }
}

function headersOf(error: AuthError, details: AuthErrorDetails, settings: ChallengeSettings): Record<string, string> {
  if (error.status === 500) return { 'cache-control': 'no-store' }
  const common = {
    'cache-control': 'no-store',
    ...(settings.exposeHeaders ? { 'access-control-expose-headers': EXPOSED } : {}),
  }
  if (error.code === 'unavailable') {
    const seconds = Math.max(1, Math.ceil(details.retryAfter ?? RETRY_AFTER))
    return { ...common, 'retry-after': String(seconds) }
  }
  return { ...common, 'www-authenticate': challenge(error, details, settings) }
}

/** RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1. Every value is a quoted-string; only a realm may have what needs an escape. */
function challenge(error: AuthError, details: AuthErrorDetails, settings: ChallengeSettings): string {
  const { scopes, acrValues, maxAge } = details
  const named = CHALLENGED.includes(error.code)
  const parameters = {
    realm: settings.realm.replaceAll(/["\\]/g, String.raw`\$&`),
    error: named ? error.code : undefined,
    error_description: named && settings.describeErrors ? descriptionOf(error.reason) : undefined,
    error_uri: named ? settings.errorUri : undefined,
    scope: error.code === 'access_denied' ? undefined : words(scopes),
    acr_values: words(acrValues),
    max_age: Number.isSafeInteger(maxAge) ? String(maxAge) : undefined,
    resource_metadata: settings.resourceMetadataUrl(details.requestUrl),
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
function bodyOf(
  error: AuthError,
  { describeErrors, errorUri }: ChallengeSettings,
): Readonly<Record<string, string | undefined>> {
  if (error.code === 'none' || error.code === 'server_error') return {}
  return {
    error: error.code,
    error_description: describeErrors ? descriptionOf(error.reason) : undefined,
    error_uri: CHALLENGED.includes(error.code) ? errorUri : undefined,
  }
}
