/**
 * An absolute http or https URI with a host and without user information. `URL` is kinder: it drops line feeds, takes
 * backslashes for slashes and does without them, so that two readers of one text would see two URIs.
 */
const WRITTEN = /^https?:\/\/[A-Za-z0-9\-._~!$&'()*+,;=:[\]%]+(?:[/?#][\x21-\x5b\x5d-\x7e]*)?$/i
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/
const ESCAPE = /%[0-9A-Fa-f]{2}/g
const UNRESERVED = /[A-Za-z0-9\-._~]/
/** A request target without its query: in origin form, or in absolute form, whose host is for proxies (RFC 9112 §3.2). */
const TARGET = /^(?:https?:\/\/[^/?#]+)?(\/[^?#]*)?(?:[?#]|$)/i

/** A path as nearly every request has one: nothing in it could be written otherwise, which to find out costs 1 µs. */
const PLAIN = /^(?:\/[\w~!$&'()*+,;=:@-][\w~!$&'()*+,;=:@.-]*)*\/?$/

/**
 * A URI without its query and fragment, normalized as RFC 3986 §6.2.2 and §6.2.3 say: the case of scheme, host and
 * escapes, escapes of unreserved characters, dot segments, the default port, the empty path. Nothing else: slashes, `%2F`
 * and the case of a path make a difference. `undefined` for what is no such URI.
 */
export function normalizedUri(uri: string): string | undefined {
  if (!WRITTEN.test(uri) || BROKEN_ESCAPE.test(uri) || !URL.canParse(uri)) return undefined
  const { origin, pathname } = new URL(uri)
  return origin + normalizedEscapes(pathname)
}

/** `URL` knows that `%2e` is a dot, and leaves escapes as they are otherwise. */
function normalizedEscapes(path: string): string {
  if (!path.includes('%')) return path
  return path.replaceAll(ESCAPE, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return UNRESERVED.test(character) ? character : escape.toUpperCase()
  })
}

/** The path that a request target names, without its query; `undefined` for a target without one, such as `*`. */
export function pathOfTarget(target: string): string | undefined {
  const found = target === '' ? null : TARGET.exec(target)
  return found ? (found[1] ?? '/') : undefined
}

/**
 * The URI of a request, normalized, if that is what `stated` means under one of the base URLs: a URI as it stands in a
 * proof (RFC 9449 §4.3). Query and fragment count on neither side.
 *
 * @param bases Origin, and the path that a proxy takes away before the request comes here, normalized; no slash at the end.
 */
export function matchingUri(stated: string, bases: readonly string[], target = ''): string | undefined {
  const path = pathOfTarget(target)
  if (path === undefined) return undefined
  let meant: string | undefined
  for (const base of bases) {
    const written = base + path
    const expected = PLAIN.test(path) ? written : normalizedUri(written)
    // Nearly every client writes what we would: the other spelling need not be looked at.
    if (stated === written) return expected
    meant ??= normalizedUri(stated)
    if (meant === undefined) return undefined
    if (meant === expected) return expected
  }
  return undefined
}
