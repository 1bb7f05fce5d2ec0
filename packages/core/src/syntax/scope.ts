/** One scope token (RFC 6749 §3.3): printable ASCII without space, quote and backslash. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && SCOPE_TOKEN.test(value)
}

/** Any number of them, with spaces between. */
const SCOPE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** True for a space-separated string of scope tokens, or an array of them. */
export function isScope(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' ? SCOPE.test(value) : Array.isArray(value) && value.every(isScopeToken)
}

/** The scope tokens of such a value; `undefined` for any other. */
export function parseScope(value: unknown): readonly string[] | undefined {
  if (!isScope(value)) return undefined
  return typeof value === 'string' ? value.split(' ').filter((token) => token !== '') : value
}
