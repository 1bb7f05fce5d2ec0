import { LRUCache } from 'lru-cache'
import { decodeBase64url, decodeSegment, hasLookalikes } from './base64url.ts'
import { type JsonObject, parseJsonObject, readJsonObject } from './json.ts'

/** A compact JWS taken apart, whatever it signs. Nothing in it is trusted: not one bit has been verified. */
export interface UnverifiedJws {
  readonly header: JsonObject
  readonly payload: Buffer
  /** The octets that the signature covers. */
  readonly signed: Buffer
  readonly signature: Buffer
}

/** A JWS whose payload is a JSON object: not frozen, as most of what strangers send is not kept. */
export interface UnverifiedJwt extends UnverifiedJws {
  readonly claims: JsonObject
}

/** Characters of an encoded header: 2,048 octets. */
const MAX_HEADER = 2_731
interface ParsedHeader {
  readonly segment: string
  readonly header: JsonObject
}

/** An issuer signs with few distinct headers; parsing each once is enough. */
const headers = new LRUCache<string, ParsedHeader>({ max: 128 })
/** The one before: nearly always the next, too, which to find out costs a seventh of a look-up (14 ns). */
let latest: ParsedHeader | undefined

function parseHeader(segment: string): JsonObject | undefined {
  if (latest?.segment === segment) return latest.header
  const parsed = headers.get(segment) ?? newHeader(segment)
  if (parsed) latest = parsed
  return parsed?.header
}

function newHeader(segment: string): ParsedHeader | undefined {
  const bytes = segment.length <= MAX_HEADER ? decodeBase64url(segment) : undefined
  const header = bytes && parseJsonObject(bytes)
  if (!header) return undefined
  // A copy for the key: a slice of the token would keep the whole token in memory.
  const parsed = { segment: Buffer.from(segment).toString(), header }
  headers.set(parsed.segment, parsed)
  return parsed
}

/** How a token looks, told by its structure alone and never by its length (RFC 7515 §3.1, RFC 7516 §3.1). */
export type TokenShape = 'jws' | 'jwe' | 'opaque'

/**
 * A token whose first segment starts a JSON object is some JWT, a broken or oversized one included: it must not be shown
 * to whoever introspects opaque tokens.
 */
export function shapeOf(token: string): TokenShape {
  const dots = countDots(token)
  if ((dots !== 2 && dots !== 4) || !startsObject(token)) return 'opaque'
  return dots === 2 ? 'jws' : 'jwe'
}

function startsObject(token: string): boolean {
  if (token.startsWith('eyJ')) return true // `{"`, as nearly every header begins
  const start = Buffer.from(token.slice(0, Math.min(token.indexOf('.'), 32)), 'base64url').toString('latin1')
  return start.trimStart().startsWith('{')
}

function countDots(token: string): number {
  let dots = 0
  for (let at = token.indexOf('.'); at !== -1 && dots < 5; at = token.indexOf('.', at + 1)) dots += 1
  return dots
}

/** Takes a signed JWT apart: a compact JWS, and a JSON object in its payload (RFC 7519 §7.2). */
export function parseJws(token: string, headerOf: typeof parseHeader = parseHeader): UnverifiedJwt | undefined {
  const jws = parseCompactJws(token, headerOf)
  const claims = jws && readJsonObject(jws.payload)
  if (!claims) return undefined
  const { header, payload, signed, signature } = jws
  return { header, payload, signed, signature, claims }
}

/**
 * The same for a JWT of a client, whose header holds a key of its own: of up to 4,096 octets, and not remembered here.
 *
 * @param known What the header says, where somebody else remembers.
 */
export function parseClientJws(token: string, known?: JsonObject): UnverifiedJwt | undefined {
  return parseJws(token, known ? () => known : parseClientHeader)
}

function parseClientHeader(segment: string): JsonObject | undefined {
  const bytes = segment.length <= 2 * MAX_HEADER ? decodeSegment(segment) : undefined
  return bytes && readJsonObject(bytes)
}

/** Takes a compact JWS apart (RFC 7515 §7.1): three canonical segments, a JSON object in the first. */
export function parseCompactJws(token: string, headerOf: typeof parseHeader = parseHeader): UnverifiedJws | undefined {
  const first = token.indexOf('.')
  const last = token.indexOf('.', first + 1)
  if (first === -1 || last === -1 || token.includes('.', last + 1) || hasLookalikes(token)) return undefined
  const header = headerOf(token.slice(0, first))
  const signature = header && decodeSegment(token.slice(last + 1))
  const payload = signature && decodeSegment(token.slice(first + 1, last))
  if (!payload) return undefined
  const signed = Buffer.allocUnsafe(last)
  signed.write(token, 0, last, 'latin1')
  return { header, payload, signature, signed }
}

/** The `exp` that a JWT names, in seconds. Unverified, and good enough: a token that lies about it is none. */
export function claimedExpiry(token: string): number | undefined {
  const exp = parseJws(token)?.claims['exp']
  return typeof exp === 'number' ? exp : undefined
}
