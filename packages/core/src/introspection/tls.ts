import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { ConfigError } from '../errors.ts'
import type { TlsIdentity } from '../ports/http.ts'

/** Builds a TLS context once, so that what is no PEM is told now and not by the first connection. @throws {ConfigError} */
export function checkTls({ cert, key, ca }: TlsIdentity, of: string): void {
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigError(`${of}: "cert" and "key" go together; write both or neither`)
  const authorities = ca === undefined || typeof ca === 'string' || Buffer.isBuffer(ca) ? [ca ?? []].flat() : [...ca]
  try {
    createSecureContext({ cert, key, ca: ca === undefined ? ca : authorities })
    // A context leaves out what it cannot read.
    for (const authority of authorities) void new X509Certificate(authority)
  } catch {
    throw new ConfigError(
      `${of}: "cert", "key" or "ca" cannot be read; write PEM, and the key that belongs to the certificate`,
    )
  }
}
