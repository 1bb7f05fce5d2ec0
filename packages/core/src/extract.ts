import { AuthError, refused } from './errors.ts'
import { type AuthRequest, fieldLines } from './request.ts'

const SCHEME = 'bearer'
const SPACE = 0x20
const TAB = 0x09

/**
 * What follows the scheme in the one `Authorization: Bearer` field line. Query, body, cookies and `Proxy-Authorization`
 * are never looked at (RFC 6750 §2.1, OAuth 2.1 §5.1). Its characters are judged where a token is classified: one that
 * was seen before has passed there already, and does not pay for it again.
 *
 * @throws {AuthError} `credentials_missing`, `credentials_repeated`, `credentials_malformed`, `token_too_long`.
 */
export function extract(request: AuthRequest, maxLength: number): string {
  const lines = fieldLines(request.rawHeaders, 'authorization')
  if (lines.length > 1) throw refused('credentials_repeated')
  const line = lines[0]
  if (line === undefined || line.slice(0, SCHEME.length).toLowerCase() !== SCHEME) throw otherScheme(line)
  const separator = line.charCodeAt(SCHEME.length)
  if (Number.isNaN(separator) || separator === TAB) throw refused('credentials_malformed')
  if (separator !== SPACE) throw otherScheme(line)

  let start = SCHEME.length + 1
  while (line.charCodeAt(start) === SPACE) start += 1
  const token = line.slice(start)
  if (token === '') throw refused('credentials_malformed')
  if (token.length > maxLength) throw refused('token_too_long')
  return token
}

/** Another scheme counts as no credentials, unless a proxy joined two field lines into one. */
function otherScheme(line: string | undefined): Error {
  return refused(line !== undefined && /,\s{0,8}bearer /i.test(line) ? 'credentials_repeated' : 'credentials_missing')
}

/** False for a request that presents nothing a resource server could judge: no `Authorization`, or another scheme. */
export function hasCredentials(request: AuthRequest): boolean {
  try {
    return extract(request, Infinity) !== ''
  } catch (error) {
    return !(error instanceof AuthError && error.reason === 'credentials_missing')
  }
}
