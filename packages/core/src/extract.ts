import { AuthError, orThrow, refused, type Scheme } from './errors.ts'
import { type AuthRequest, onlyFieldLine } from './request.ts'
import { queryHasToken, type Transport } from './transports.ts'

const BEARER = 'bearer'
const DPOP = 'dpop'
const SPACE = 0x20
const TAB = 0x09
/** Names and values of 1,000 field lines. Node drops lines beyond a count: a longer list does not prove what it lacks. */
const MAX_RAW = 2_000

/** How a token may come. What is left out is off, and costs nothing. */
export interface CredentialRules {
  /** Characters. */
  readonly maxLength: number
  /** Refuses what did not come over TLS, before anything is read from it. */
  readonly requireHttps?: boolean | undefined
  /** Refuses a token in the query, where it is otherwise ignored. */
  readonly rejectQuery?: boolean | undefined
  /** Where a token may come beside `Authorization`; one request may use one place (RFC 6750 §2). */
  readonly transports?: readonly Transport[] | undefined
  /** Takes the scheme DPoP (RFC 9449 §7.1); otherwise it counts as no credentials. */
  readonly dpop?: boolean | undefined
}

/** A token under the scheme DPoP. One under Bearer, as nearly all are, is a plain text, and costs no object. */
export class DpopToken {
  readonly token: string

  constructor(token: string) {
    this.token = token
  }
}

/**
 * The one token of a request: what follows the scheme in the one `Authorization` field line, Bearer or DPoP, or what
 * another transport of the rules has. No token is ever taken from the query, which is looked at to refuse it or to say so, nor
 * from cookies or `Proxy-Authorization` (RFC 6750 §2.1, OAuth 2.1 §5.1). Its characters are judged where a token is
 * classified: one that was seen before has passed there already, and does not pay for it again.
 *
 * @throws {AuthError} `transport_insecure`, `credentials_missing`, `credentials_repeated`, `credentials_malformed`,
 *   `credentials_in_query`, `token_too_long`, `extract_failed`.
 */
export function extract(request: AuthRequest, rules: CredentialRules & { readonly dpop?: false }): string
export function extract(request: AuthRequest, rules: CredentialRules): string | DpopToken
export function extract(request: AuthRequest, rules: CredentialRules): string | DpopToken {
  return orThrow(tryExtract(request, rules))
}

/** The same, with the most frequent refusals returned instead of thrown. */
export function tryExtract(request: AuthRequest, rules: CredentialRules): string | DpopToken | AuthError {
  if (rules.requireHttps === true && request.secure !== true) throw refused('transport_insecure')
  if (rules.rejectQuery === true && queryHasToken(request.url)) throw refused('credentials_in_query')
  const inHeader = fromAuthorization(request, rules)
  const found = rules.transports ? only(inHeader, rules.transports, request) : inHeader
  if (found === undefined) return missing(request)
  const token = typeof found === 'string' ? found : found.token
  if (token === '') return refused('credentials_malformed')
  if (token.length > rules.maxLength) return refused('token_too_long')
  return found
}

/**
 * The scheme that a request tried to use, for a challenge that tells it of an error; `undefined` where it may be either.
 * Whoever sends no `Authorization` has another transport, whose tokens are Bearer.
 */
export function schemeOf({ rawHeaders }: AuthRequest): Scheme | undefined {
  const field = onlyFieldLine(rawHeaders, 'authorization')
  if (field === undefined) return 'Bearer'
  if (field === false || (field.includes(',') && /,\s{0,8}(?:bearer|dpop) /i.test(field))) return undefined
  return isScheme(trimmed(field), DPOP) ? 'DPoP' : 'Bearer'
}

/** False for a request that presents nothing a resource server could judge: no `Authorization`, or another scheme. */
export function hasCredentials(request: AuthRequest, rules: CredentialRules): boolean {
  try {
    const found = tryExtract(request, rules)
    return !(found instanceof AuthError && found.reason === 'credentials_missing')
  } catch {
    return true
  }
}

/** `undefined` without the field, and for another scheme; empty for a scheme without a token. */
function fromAuthorization(request: AuthRequest, rules: CredentialRules): string | DpopToken | undefined {
  const { rawHeaders } = request
  if (rawHeaders.length > MAX_RAW) throw refused('credentials_malformed')
  const field = onlyFieldLine(rawHeaders, 'authorization')
  if (field === undefined) return undefined
  if (field === false) throw refused('credentials_repeated')
  const line = trimmed(field)
  const bearer = line.startsWith('Bearer') || isScheme(line, BEARER) ? after(line, BEARER.length) : undefined
  if (bearer !== undefined) return bearer
  const isDpop = rules.dpop === true && (line.startsWith('DPoP') || isScheme(line, DPOP))
  const dpop = isDpop ? after(line, DPOP.length) : undefined
  if (dpop === undefined || dpop.includes(',')) checkUnjoined(line)
  return dpop === undefined ? undefined : new DpopToken(dpop)
}

const isScheme = (line: string, scheme: string): boolean => line.slice(0, scheme.length).toLowerCase() === scheme

/** What follows the scheme; `undefined` where it only begins like that scheme. */
function after(line: string, schemeLength: number): string | undefined {
  if (line.length === schemeLength) return ''
  const separator = line.charCodeAt(schemeLength)
  if (separator === TAB) throw refused('credentials_malformed')
  if (separator !== SPACE) return undefined
  let start = schemeLength + 1
  while (line.charCodeAt(start) === SPACE) start += 1
  return line.slice(start)
}

/** Another scheme counts as no credentials, unless a proxy joined two field lines into one. */
function checkUnjoined(line: string): void {
  if (line.includes(',') && /,\s{0,8}bearer /i.test(line)) throw refused('credentials_repeated')
}

/** The token of the only place that has one. */
function only(
  inHeader: string | DpopToken | undefined,
  transports: readonly Transport[],
  request: AuthRequest,
): string | DpopToken | undefined {
  const found = [inHeader, ...transports.map((transport) => transport(request))].filter((one) => one !== undefined)
  if (found.length > 1) throw refused('credentials_repeated')
  return found[0]
}

function missing(request: AuthRequest): AuthError {
  const detail = queryHasToken(request.url) ? 'a token came in the query, where none is read' : undefined
  return refused('credentials_missing', { detail })
}

/** Without the spaces and tabs around a field value, which are no part of it (RFC 9110 §5.5). */
function trimmed(value: string): string {
  let start = 0
  let end = value.length
  while (isBlank(value.charCodeAt(start))) start += 1
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1
  return start === 0 && end === value.length ? value : value.slice(start, end)
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB
