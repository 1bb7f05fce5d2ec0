import { hash, type X509Certificate } from 'node:crypto'
import { type BlockList, isIPv4, isIPv6 } from 'node:net'

/** What is used of a socket. That under HTTP/2 is no `Socket` by its class, and throws once its session is gone. */
interface Connection {
  readonly remoteAddress?: string | undefined
  /** Where it is TLS. */
  readonly getPeerX509Certificate?: () => X509Certificate | undefined
  readonly once: (event: 'secure', listener: () => void) => unknown
}

/** To take a certificate out of a connection and digest it is 5 µs, a hundred times as long as to find it here. */
const thumbprints = new WeakMap<Connection, Buffer>()

/**
 * The SHA-256 digest of the certificate that the client of a TLS connection showed: of its own, never of one above it.
 * The handshake has proved that the client has its key, whoever signed it (RFC 8705 §6.2), and a resumed session that the
 * client is the same. `undefined` without a certificate, without TLS, and for a connection that is gone.
 */
export function thumbprintOver(connection: unknown): Buffer | undefined {
  if (!isConnection(connection)) return undefined
  const known = thumbprints.get(connection)
  if (known) return known
  try {
    const certificate = connection.getPeerX509Certificate?.()
    if (!certificate) return undefined
    const thumbprint = hash('sha256', certificate.raw, 'buffer')
    thumbprints.set(connection, thumbprint)
    // TLS 1.2 lets both sides shake hands again, and the client may then show another certificate.
    connection.once('secure', () => thumbprints.delete(connection))
    return thumbprint
  } catch {
    return undefined
  }
}

/** Whether a connection comes from one of these addresses: its own other end, and nothing that a field says. */
export function comesFrom(connection: unknown, addresses: BlockList): boolean {
  const address = addressOf(connection)
  if (address === undefined) return false
  return isIPv4(address) ? addresses.check(address, 'ipv4') : isIPv6(address) && addresses.check(address, 'ipv6')
}

function addressOf(connection: unknown): string | undefined {
  try {
    return isConnection(connection) ? connection.remoteAddress : undefined
  } catch {
    return undefined
  }
}

function isConnection(connection: unknown): connection is Connection {
  return typeof connection === 'object' && connection !== null
}
