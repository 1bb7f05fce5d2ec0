import { attributed, AuthError, type Reason, refused } from '../errors.ts'
import type { AuthRequest } from '../request.ts'
import { isJsonObject } from '../syntax/json.ts'
import type { Claims } from '../verify/claims.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'
import type { Presented } from '../verify/verifier.ts'
import type { Dpop } from './dpop/dpop.ts'
import { type MtlsRules, proveCertificate } from './mtls/mtls.ts'

/** How the caller proved that the token is theirs. */
export type Binding =
  | { readonly by: 'none' }
  | {
      readonly by: 'dpop'
      /** RFC 7638 thumbprint of the key. */
      readonly jkt: string
      /** Where the token is bound to a certificate, too: both were proved. */
      readonly x5tS256?: string
    }
  | { readonly by: 'mtls'; readonly x5tS256: string }

/** What the configuration says of bindings. */
export interface BindingRules {
  /** `undefined`: off. */
  readonly dpop: Dpop | undefined
  /** `undefined`: off. */
  readonly mtls: MtlsRules | undefined
  /** Whether a token bound to nothing is refused. */
  readonly required: boolean
}

const NONE: Binding = Object.freeze({ by: 'none' })

/**
 * Holds what the token's confirmation demands (RFC 7800) against how the request came, at once; `undefined` where it takes
 * waiting, and then nothing has been used up. An unbound token costs one look at its claims.
 *
 * A bound token is never taken for a plain bearer token, whatever is switched off: that would give a thief what the
 * binding took away (RFC 9449 §7.2).
 *
 * @throws {AuthError} `binding_absent`, `binding_unsupported`, `binding_unproven`, `binding_mismatch`, and what a proof or
 *   a certificate is refused for.
 */
export function bindNow(
  token: VerifiedToken,
  presented: Presented,
  request: AuthRequest,
  rules: BindingRules,
): Binding | undefined {
  if (!isBound(token.claims)) return unbound(token, presented, rules)
  try {
    const claimed = claimedBinding(token.claims, presented, request, rules)
    if (claimed.by !== 'dpop') return claimed
    return rules.dpop!.proveNow(presented.proof!, claimed.jkt) ? claimed : undefined
  } catch (error) {
    throw attributed(error, token.issuer, token.provenance.tally.kind)
  }
}

/** The same, waiting where that is needed. @throws {AuthError} or rejects with one. */
export function bind(
  token: VerifiedToken,
  presented: Presented,
  request: AuthRequest,
  rules: BindingRules,
): Binding | Promise<Binding> {
  if (!isBound(token.claims)) return unbound(token, presented, rules)
  return prove(token, presented, request, rules)
}

async function prove(
  { claims, issuer, provenance }: VerifiedToken,
  presented: Presented,
  request: AuthRequest,
  rules: BindingRules,
): Promise<Binding> {
  try {
    const claimed = claimedBinding(claims, presented, request, rules)
    if (claimed.by === 'dpop') await rules.dpop!.prove(presented.proof!, claimed.jkt)
    return claimed
  } catch (error) {
    throw attributed(error, issuer, provenance.tally.kind)
  }
}

/**
 * What was proved once for a request, held against newer evidence about its token: nothing is proved again, as a proof
 * counts once.
 *
 * @throws {AuthError} `binding_mismatch` for evidence that demands another key.
 */
export function stillBound(token: VerifiedToken, proved: Binding): Binding {
  const { claims } = token
  if (!isBound(claims)) return proved
  const { jkt, 'x5t#S256': x5tS256 } = confirmationOf(claims)
  const provedJkt = proved.by === 'dpop' ? proved.jkt : undefined
  const provedCertificate = proved.by === 'none' ? undefined : proved.x5tS256
  const isMet =
    (jkt === undefined ? x5tS256 !== undefined && !isDpop(claims) : jkt === provedJkt) &&
    (x5tS256 === undefined || x5tS256 === provedCertificate)
  if (!isMet) throw refusedFor(token, 'binding_mismatch')
  return proved
}

/**
 * Whether a request with this token would have to prove a key, as far as that is known without one.
 *
 * @throws {AuthError} `binding_unsupported`, `binding_absent`.
 */
export function demandsProof({ claims }: VerifiedToken, rules: BindingRules): boolean {
  if (isBound(claims)) checkRequired(checkable(claims, rules), rules)
  else if (rules.required) throw refused('binding_absent')
  return isBound(claims)
}

/** An introspection answer may say `token_type: DPoP` and no more; that is a binding that nobody can check. */
function isBound(claims: Claims): boolean {
  return claims['cnf'] !== undefined || isDpop(claims)
}

function isDpop({ token_type: type }: Claims): boolean {
  return typeof type === 'string' && type.toLowerCase() === 'dpop'
}

function unbound(token: VerifiedToken, { proof }: Presented, { required }: BindingRules): Binding {
  if (required || proof !== undefined) throw refusedFor(token, 'binding_absent')
  return NONE
}

function refusedFor({ issuer, provenance }: VerifiedToken, reason: Reason): AuthError {
  return refused(reason, { issuer, kind: provenance.tally.kind })
}

interface Confirmation {
  readonly jkt?: unknown
  readonly 'x5t#S256'?: unknown
}

/** One of them is there, or both. */
interface Checkable extends Confirmation {
  readonly jkt: string | undefined
}

/** SHA-256 in base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

function confirmationOf({ cnf }: Claims): Confirmation {
  return isJsonObject(cnf) ? cnf : {}
}

/** Members beside one that is checked are ignored (RFC 7800 §3.1); a confirmation of which nothing is checked is none. */
function checkable(claims: Claims, { dpop, mtls }: BindingRules): Checkable {
  const confirmation = confirmationOf(claims)
  const { jkt, 'x5t#S256': x5tS256 } = confirmation
  const detail =
    (jkt !== undefined && dpop === undefined && 'bound to a DPoP key, and "dpop" is off') ||
    (x5tS256 !== undefined && mtls === undefined && 'bound to a certificate, and "mtls" is off')
  if (detail !== false) throw refused('binding_unsupported', { detail })
  // A certificate does not stand in for the key that an answer with `token_type: DPoP` keeps to itself.
  if (jkt === undefined && (x5tS256 === undefined || isDpop(claims))) throw refused('binding_unsupported')
  // What is no thumbprint is that of no key.
  if (jkt !== undefined && (typeof jkt !== 'string' || !THUMBPRINT.test(jkt))) throw refused('binding_unsupported')
  return { jkt, 'x5t#S256': x5tS256 }
}

/** Bound to one thing is not bound to the other. */
function checkRequired({ jkt, 'x5t#S256': x5tS256 }: Checkable, { dpop, mtls }: BindingRules): void {
  const lacksKey = jkt === undefined && dpop?.isRequired === true
  const lacksCertificate = x5tS256 === undefined && mtls?.isRequired === true
  if (lacksKey || lacksCertificate) throw refused('binding_absent')
}

/** The binding that the request has if its DPoP proof, the one thing still to be checked, is good. */
function claimedBinding(
  claims: Claims,
  { proof }: Presented,
  request: AuthRequest,
  rules: BindingRules,
): Exclude<Binding, { readonly by: 'none' }> {
  const confirmation = checkable(claims, rules)
  const { jkt, 'x5t#S256': expected } = confirmation
  // A token under `Bearer` comes without a proof, whatever other fields the request has (RFC 9449 §7.2).
  if (jkt !== undefined && proof === undefined) throw refused('binding_unproven')
  if (jkt === undefined && proof !== undefined) throw refused('binding_absent')
  checkRequired(confirmation, rules)
  const x5tS256 = expected === undefined ? undefined : certificateOf(expected, request, rules.mtls!)
  if (jkt === undefined) return Object.freeze({ by: 'mtls', x5tS256: x5tS256! })
  if (x5tS256 === undefined) return Object.freeze({ by: 'dpop', jkt })
  return Object.freeze({ by: 'dpop', jkt, x5tS256 })
}

function certificateOf(expected: unknown, request: AuthRequest, rules: MtlsRules): string {
  const proved = proveCertificate(expected, request, rules)
  if (proved instanceof AuthError) throw proved
  return proved
}
