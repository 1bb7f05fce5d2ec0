export interface EndpointPolicy {
  /** Allows `http:` on 127.0.0.1, [::1] and localhost: for tests and demonstrations. */
  readonly allowInsecureLoopback: boolean
}

const LOOPBACK = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost)$/

/** An absolute https URL without user information and fragment, to which tokens or credentials may be sent. */
export function isEndpoint(value: unknown, policy: EndpointPolicy): value is string {
  if (typeof value !== 'string' || value.length > 2_048 || !URL.canParse(value)) return false
  const url = new URL(value)
  if (url.username !== '' || url.password !== '' || value.includes('#')) return false
  return (
    url.protocol === 'https:' ||
    (policy.allowInsecureLoopback && url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  )
}

/** An issuer identifier (RFC 8414 §2): an endpoint URL without a query. */
export function isIssuer(value: unknown, policy: EndpointPolicy): value is string {
  return isEndpoint(value, policy) && !value.includes('?')
}

export function isInsecureLoopback(value: unknown): boolean {
  return isEndpoint(value, { allowInsecureLoopback: true }) && !isEndpoint(value, { allowInsecureLoopback: false })
}
