import { createSecureContext } from 'node:tls'
import { ConfigError } from '../errors.ts'
import type { TlsIdentity } from '../ports/http.ts'

/** Builds a TLS context once, so that what is no PEM is told now and not by the first connection. @throws {ConfigError} */
export function checkTls({ cert, key, ca }: TlsIdentity, of: string): void {
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigError(`${of}: "cert" and "key" go together; write both or neither`)
  try {
    createSecureContext({
      cert,
      key,
      ca: ca === undefined || typeof ca === 'string' || Buffer.isBuffer(ca) ? ca : [...ca],
    })
  } catch {
    throw new ConfigError(
      `${of}: "cert", "key" or "ca" cannot be read; write PEM, and the key that belongs to the certificate`,
    )
  }
}
