import { BlockList, isIP } from 'node:net'

/** Everything that is not for the public internet, by the registries of special purpose addresses (RFC 6890). */
const RESERVED = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // between a provider and its customers
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, with the metadata services of clouds
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3], // multicast, reserved, broadcast
] as const) {
  RESERVED.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['2001::', 23], // Teredo among them, which carries another address inside
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4, the same
  ['3fff::', 20],
] as const) {
  RESERVED.addSubnet(net, prefix, 'ipv6')
}

const GLOBAL_UNICAST = new BlockList()
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6')

/** An IPv4 address inside an IPv6 one: mapped (RFC 4291 §2.5.5.2), or translated (RFC 6052 §2.1). */
const EMBEDDING = ['::ffff:', '64:ff9b::'] as const

/** True for an IP address that the public internet routes; an IPv4 address inside an IPv6 one is judged as itself. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !RESERVED.check(address, 'ipv4')
  if (family !== 6) return false
  const inner = embedded(address)
  if (inner !== undefined) return isPublicAddress(inner)
  return GLOBAL_UNICAST.check(address, 'ipv6') && !RESERVED.check(address, 'ipv6')
}

function embedded(address: string): string | undefined {
  // The URL parser has one spelling for every IPv6 address: hexadecimal, in lower case. A zone has no place in it.
  const url = `http://[${address}]`
  const text = URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : ''
  const prefix = EMBEDDING.find((one) => text.startsWith(one))
  const [high, low, ...more] = prefix === undefined ? [] : text.slice(prefix.length).split(':')
  if (high === undefined || low === undefined || more.length > 0) return undefined
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 0xff, b >> 8, b & 0xff].join('.')
}

/** True for a host of a URL that is a private address, or this machine by name. Other names are judged when looked up. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  if (isIP(host) !== 0) return !isPublicAddress(host)
  return host === 'localhost' || host.endsWith('.localhost')
}
