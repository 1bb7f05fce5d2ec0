import { refused } from './errors.ts'
import { type AuthRequest, fieldLines } from './request.ts'
import { mediaType } from './syntax/media-type.ts'

/** Where else than in `Authorization` a token may come. `undefined`: it did not. Throws for what is there and wrong. */
export type Transport = (request: AuthRequest) => string | undefined

const PARAMETER = 'access_token'
const FORM = 'application/x-www-form-urlencoded'
/** Methods whose request body has a meaning; never GET or HEAD (RFC 6750 §2.2). */
const METHODS: readonly (string | undefined)[] = ['POST', 'PUT', 'PATCH']
/** Levels of a parsed form. Parsers stop long before. */
const MAX_DEPTH = 32

/** Whether the query of a path has the parameter of RFC 6750 §2.3, however its name is escaped. */
export function queryHasToken(url: string | undefined): boolean {
  const start = url?.indexOf('?') ?? -1
  if (start === -1) return false
  const query = url!.slice(start + 1)
  return (query.includes(PARAMETER) || query.includes('%')) && new URLSearchParams(query).has(PARAMETER)
}

/**
 * The parameter of a form (RFC 6750 §2.2) that the framework's own parser has read before. A parameter that came twice is
 * a list then. The whole form must be ASCII, but only where it carries a token: others are none of our business.
 */
export function formToken(request: AuthRequest): string | undefined {
  if (!METHODS.includes(request.method)) return undefined
  const types = fieldLines(request.rawHeaders, 'content-type')
  if (types.length !== 1 || mediaType(types[0]) !== FORM) return undefined
  const { body } = request
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, PARAMETER)) return undefined
  const { [PARAMETER]: token } = body as { readonly [PARAMETER]: unknown }
  if (typeof token !== 'string' || !isAscii(body, MAX_DEPTH)) throw refused('credentials_malformed')
  return token
}

/** The function of an application, held to one text. A promise is none: a token is there or it is not. */
export function customTransport(extract: (request: AuthRequest) => unknown): Transport {
  return (request) => {
    const value = called(extract, request)
    if (value === undefined || typeof value === 'string') return value
    // Nobody waits for it, and what it rejects with must not end the process.
    if (value instanceof Promise) value.catch(() => undefined)
    throw refused('credentials_malformed', { detail: 'credentials.extract gave something else than one text' })
  }
}

function called(extract: (request: AuthRequest) => unknown, request: AuthRequest): unknown {
  try {
    return extract(request)
  } catch (cause) {
    throw refused('extract_failed', { cause })
  }
}

function isAscii(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return /^\p{ASCII}*$/u.test(value)
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.entries(value).every(([name, one]) => isAscii(name, depth) && isAscii(one, depth - 1))
}
