/** One scope token (RFC 6749 §3.3): printable ASCII without space, quote and backslash. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && SCOPE_TOKEN.test(value)
}

/** The scope tokens of a claim that is a space-separated string or an array of them; `undefined` when it is neither. */
export function parseScope(value: unknown): readonly string[] | undefined {
  const tokens = typeof value === 'string' ? value.split(' ').filter((token) => token !== '') : value
  return Array.isArray(tokens) && tokens.every(isScopeToken) ? tokens : undefined
}
