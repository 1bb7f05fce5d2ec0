import { isPrivateHost } from './address.ts'

export interface EndpointPolicy {
  /** Allows `http:` on 127.0.0.1, [::1] and localhost: for tests and demonstrations. */
  readonly allowInsecureLoopback: boolean
  /** Refuses private addresses, and names for this machine. */
  readonly denyPrivateNetworks?: boolean
}

const LOOPBACK = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost)$/

/**
 * An absolute URL in the characters of RFC 3986 §2. `URL` is kinder: it drops line feeds, takes backslashes for slashes and
 * does without them, so that two readers of one text would see two URLs.
 */
const WRITTEN = /^https?:\/\/[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/i

/** An absolute https URL without user information and fragment, to which tokens or credentials may be sent. */
export function isEndpoint(value: unknown, policy: EndpointPolicy): value is string {
  if (typeof value !== 'string' || value.length > 2_048 || !WRITTEN.test(value) || !URL.canParse(value)) return false
  const url = new URL(value)
  if (url.username !== '' || url.password !== '' || value.includes('#')) return false
  if (policy.denyPrivateNetworks === true && isPrivateHost(url.hostname)) return false
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

/** True for what only {@link EndpointPolicy.denyPrivateNetworks} refuses. */
export function isPrivateEndpoint(value: unknown): boolean {
  const policy = { allowInsecureLoopback: false }
  return isEndpoint(value, policy) && !isEndpoint(value, { ...policy, denyPrivateNetworks: true })
}
