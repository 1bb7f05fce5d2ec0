import { isIPv4, isIPv6 } from 'node:net'
import { digestOf } from '../cache/digest.ts'

/** Characters. A longer name would only cost memory. */
const MAX_NAME = 128
/** What some proxies forward: an address in brackets, or with the port of the connection. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/

/**
 * The key by which requests of one source are told: an IPv4 address, or the /64 of an IPv6 address, which is what one
 * subscriber has. IPv4 written as IPv6 (RFC 4291 §2.5.5.2, RFC 6052 §2.1) is IPv4. Anything else is a name that an
 * adapter chose, such as a tenant: itself, or a digest where it is longer than 128 characters. Never throws.
 */
export function sourceKey(address: string | undefined): string | undefined {
  if (typeof address !== 'string' || address === '') return undefined
  if (address.length > MAX_NAME) return `sha256:${digestOf(address)}`
  const [, bracketed, plain] = WITH_PORT.exec(address) ?? []
  const host = withoutZone(bracketed ?? plain ?? address)
  if (isIPv4(host)) return copyOf(host, 'latin1')
  return isIPv6(host) ? networkOf(host) : copyOf(address, 'utf16le')
}

/** True for an address of this machine (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3), in any spelling that sockets use. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.[\d.]+$|^::1$/i.test(address)
}

function networkOf(address: string): string {
  const groups = groupsOf(address)
  const start = groups.slice(0, 6).join(':')
  // IPv4-mapped, and what a translator with the well-known prefix makes of IPv4: one /64 would hold every such client.
  if (start === '0:0:0:0:0:ffff' || start === '64:ff9b:0:0:0:0') return dotted(groups[6]!, groups[7]!)
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** The eight groups of a valid IPv6 address, in lower-case hexadecimal without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [head, tail] = address.split('::', 2)
  const before = partsOf(head!)
  const after = tail === undefined ? [] : partsOf(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
}

function partsOf(text: string): readonly string[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [hex(Number.parseInt(part, 16))]
    const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number]
    return [hex(a * 256 + b), hex(c * 256 + d)]
  })
}

function dotted(high: string, low: string): string {
  return [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join('.')
}

const hex = (group: number): string => group.toString(16)

/** A zone (RFC 4007 §11) means something on this host only. */
function withoutZone(address: string): string {
  const at = address.indexOf('%')
  return at === -1 || !isIPv6(address) ? address : address.slice(0, at)
}

/** The engine keeps the whole header field alive for a piece cut out of it; a key that is kept must not. */
function copyOf(text: string, encoding: 'latin1' | 'utf16le'): string {
  return Buffer.from(text, encoding).toString(encoding)
}
