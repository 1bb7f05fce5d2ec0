import { sourceKey } from './syntax/source.ts'

/** All that a stage may know about a request. A Node `IncomingMessage` is one as it stands. */
export interface AuthRequest {
  readonly method?: string | undefined
  /** The path and query that the client asked for, before any router rewrote it. */
  readonly url?: string | undefined
  /** Names and values in turn, as Node gives them: the only list that shows a repeated `Authorization` (RFC 9110 §5.3). */
  readonly rawHeaders: readonly string[]
  /**
   * Where the request comes from: the client address as the framework knows it, so that a forwarded one counts only
   * where the framework was told to believe its proxy; or a name, such as a tenant. IPv6 addresses count by their /64.
   * Of new tokens that must wait, those from quiet sources go first. Read only for a token that was not seen before;
   * default: no source is told from another.
   */
  readonly source?: string | undefined
  /** Whether it came over TLS, as the framework knows it, proxies considered. Read with `requireHttps`, or for new tokens. */
  readonly secure?: boolean | undefined
  /** What the framework's own parser made of the body. Read with `credentials.form` only. */
  readonly body?: unknown
  /**
   * The connection that it came over, where that is a socket of Node: the last good token is remembered there for as long
   * as the connection lives, and a client that sends it again is spared the digest.
   */
  readonly socket?: unknown
  /**
   * The connection as it ends here, where that is not `socket`, such as the one under the streams of HTTP/2. Read with
   * `mtls` only: for the certificate of its other end, or for its address, instead of which no forwarded one counts.
   */
  readonly peer?: unknown
  /** Ends the wait of this caller; shared work goes on. Read only when there is something to wait for. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Who waits for a verdict. Asked by what has to wait, and not before: to listen for the end of a request takes 20 µs, and
 * the arithmetic of a signature does not wait for anybody.
 */
export class Caller {
  readonly #request: Pick<AuthRequest, 'source' | 'signal'>
  #signal: AbortSignal | undefined

  constructor(request: Pick<AuthRequest, 'source' | 'signal'>) {
    this.#request = request
  }

  /** The key of the place that the request came from. */
  get source(): string | undefined {
    return sourceKey(this.#request.source)
  }

  /** Ends the wait. */
  get signal(): AbortSignal | undefined {
    return (this.#signal ??= this.#request.signal)
  }
}

/** The values of every field line with this lower-case name. */
export function fieldLines(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let at = fieldAfter(rawHeaders, name, 0); at !== -1; at = fieldAfter(rawHeaders, name, at)) {
    values.push(rawHeaders[at - 1]!)
  }
  return values
}

/** The value of the one field line with this lower-case name; `false` where there are several. */
export function onlyFieldLine(rawHeaders: readonly string[], name: string): string | false | undefined {
  const at = fieldAfter(rawHeaders, name, 0)
  if (at === -1) return undefined
  return fieldAfter(rawHeaders, name, at) === -1 && rawHeaders[at - 1]!
}

/** Where, from a place on, the next field line with this lower-case name ends; -1 without one. */
function fieldAfter(rawHeaders: readonly string[], name: string, from: number): number {
  for (let at = from; at + 1 < rawHeaders.length; at += 2) {
    const field = rawHeaders[at]!
    if (field.length === name.length && field.toLowerCase() === name) return at + 2
  }
  return -1
}

/** `rawHeaders` for requests that come as fetch `Headers`, or with a plain record: `rawHeadersOf(Object.entries(record))`. */
export function rawHeadersOf(headers: Iterable<readonly [string, string]>): string[] {
  return [...headers].flat()
}

/**
 * Looks like a CORS preflight, which carries no credentials and must not be refused for lack of them (Fetch standard
 * §4.8). Anyone can send one: it is a reason to answer, never a reason to let a request in.
 */
export function isPreflight(request: AuthRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    fieldLines(request.rawHeaders, 'authorization').length === 0 &&
    fieldLines(request.rawHeaders, 'origin').length === 1 &&
    fieldLines(request.rawHeaders, 'access-control-request-method').length === 1
  )
}
