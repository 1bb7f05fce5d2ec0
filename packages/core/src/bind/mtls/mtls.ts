import { hash, timingSafeEqual } from 'node:crypto'
import type { BlockList } from 'node:net'
import { AuthError, refused } from '../../errors.ts'
import { type AuthRequest, onlyFieldLine } from '../../request.ts'
import { decodeBase64url } from '../../syntax/base64url.ts'
import { type CertificateFormat, readCertificate } from './certificate-field.ts'
import { comesFrom, thumbprintOver } from './connection.ts'

/** How tokens that are bound to a certificate are judged. */
export interface MtlsRules {
  /** Whether a token that is bound to no certificate is refused. */
  readonly isRequired: boolean
  /**
   * Where a proxy writes the certificate; `undefined` where it is taken from the connection. In one place, and in no other
   * where it is not there.
   */
  readonly field: CertificateFieldRules | undefined
}

export interface CertificateFieldRules {
  /** Lower-case. */
  readonly name: string
  readonly format: CertificateFormat
  /** The proxies that write the field. From anybody else it is not read. */
  readonly from: BlockList
  /** Characters. */
  readonly maxLength: number
}

/** Octets of a SHA-256 digest. */
const DIGEST = 32

/**
 * Holds the certificate that the client showed against the one that its token is bound to (RFC 8705 §3).
 *
 * @param expected What the token says: `x5t#S256` of its `cnf`.
 * @returns The thumbprint of both, or a refusal: `binding_unsupported` where it is no thumbprint, `certificate_missing`,
 *   `certificate_malformed`, `binding_mismatch`.
 */
export function proveCertificate(expected: unknown, request: AuthRequest, { field }: MtlsRules): string | AuthError {
  const wanted = typeof expected === 'string' ? decodeBase64url(expected) : undefined
  if (wanted?.length !== DIGEST) return refused('binding_unsupported', { detail: '"x5t#S256" is no SHA-256 digest' })
  const shown = field ? inField(request, field) : inConnection(request)
  if (shown instanceof AuthError) return shown
  return timingSafeEqual(shown, wanted) ? (expected as string) : refused('binding_mismatch')
}

function inConnection({ peer, socket }: AuthRequest): Buffer | AuthError {
  return thumbprintOver(peer ?? socket) ?? missing('the connection shows no client certificate')
}

function inField({ rawHeaders, peer, socket }: AuthRequest, rules: CertificateFieldRules): Buffer | AuthError {
  const value = onlyFieldLine(rawHeaders, rules.name)
  if (value === undefined) return missing('the field with the client certificate is missing')
  if (!comesFrom(peer ?? socket, rules.from)) return missing('the request came from no proxy that is named')
  if (value === false) return malformed('the field with the client certificate came more than once')
  if (value.length > rules.maxLength) return malformed('the field with the client certificate is too long')
  const certificate = readCertificate(value.trim(), rules.format)
  if (certificate === null) return missing('the proxy says that the client showed no certificate')
  if (certificate === undefined) return malformed('the field with the client certificate cannot be read')
  return hash('sha256', certificate, 'buffer')
}

const missing = (detail: string): AuthError => refused('certificate_missing', { detail })
const malformed = (detail: string): AuthError => refused('certificate_malformed', { detail })
