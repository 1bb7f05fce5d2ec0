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
  /** Ends the wait of this caller; shared work goes on. Read only when there is something to wait for. */
  readonly signal?: AbortSignal | undefined
}

/** The values of every field line with this lower-case name. */
export function fieldLines(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const field = rawHeaders[at]!
    if (field.length === name.length && field.toLowerCase() === name) values.push(rawHeaders[at + 1]!)
  }
  return values
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
