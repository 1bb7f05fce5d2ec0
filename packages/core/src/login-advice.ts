import { acrAdvice } from './advice.ts'
import type { IssuerParts } from './assemble/issuer.ts'
import { AuthError } from './errors.ts'
import type { Telemetry } from './telemetry.ts'

/**
 * A challenge that asks for a level of authentication sends the user to an authorization server that may not have it
 * (RFC 9470 §7). Looked at only where such a challenge goes out.
 */
export function adviseOnLogin(error: AuthError, issuers: readonly IssuerParts[], telemetry: Telemetry): void {
  if (error.reason !== 'login_insufficient') return
  const { issuer, acrValues = [] } = AuthError.detailsOf(error)
  const offered = issuers.find((one) => one.issuer === issuer)?.metadata?.value?.acrValues
  const missing = offered ? acrValues.filter((one) => !offered.includes(one)) : []
  if (issuer !== undefined && missing.length > 0) telemetry.advise(acrAdvice(issuer, missing))
}
