import type { TokenKind } from './counters.ts'
import { TracelessError } from './traceless-error.ts'

/**
 * The whole error contract. A *reason* is for operators: exact, in events and counters. A *code* is for clients: what
 * RFC 6750, 9449, 9470 and this library's documentation define, and nothing finer. One table leads from one to the other.
 */

/** What a client is told, each with its HTTP status. `none` is a challenge without an error code (RFC 6750 §3.1). */
export const CODES = {
  none: 401,
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_scope: 403,
  insufficient_user_authentication: 401,
  access_denied: 403,
  unavailable: 503,
  server_error: 500,
} as const

export type ErrorCode = keyof typeof CODES

/** The closed list of texts that may reach a client as `error_description`. */
const TEXT = {
  request: 'The request carries its credentials in a malformed way',
  transport: 'The request did not come over https',
  malformed: 'The access token is malformed',
  expired: 'The access token expired',
  early: 'The access token is not valid yet',
  revoked: 'The access token is revoked or inactive',
  audience: 'The access token is not meant for this resource',
  issuer: 'The access token is from an issuer that is not trusted here',
  signature: 'The signature of the access token could not be verified',
  decryption: 'The access token could not be decrypted',
  subject: 'The subject of the access token is not accepted here',
  binding: 'The access token is bound to a key that the request did not prove',
  unbound: 'The access token is not bound to a key, which this request needs',
  proof: 'The DPoP proof is missing, malformed or not for this request',
  nonce: 'The DPoP proof needs the nonce that comes with this answer',
  scope: 'The access token lacks a scope that this request needs',
  details: 'The access token lacks authorization details that this request needs',
  login: 'This request needs a stronger or more recent authentication',
} as const

/** How a token comes: RFC 6750 §2.1, RFC 9449 §7.1. */
export type Scheme = 'Bearer' | 'DPoP'

type Row = readonly [code: ErrorCode, text?: keyof typeof TEXT | undefined, option?: string]

/** Why a request was not served, what the client hears of it, and the option that decides it, where there is one. */
export const REASONS = {
  // the request
  credentials_missing: ['none'],
  credentials_malformed: ['invalid_request', 'request'],
  credentials_repeated: ['invalid_request', 'request'],
  credentials_in_query: ['invalid_request', 'request'],
  transport_insecure: ['invalid_request', 'transport'],
  // the token, as text
  token_too_long: ['invalid_token', 'malformed', 'maxTokenLength'],
  token_malformed: ['invalid_token', 'malformed'],
  token_encrypted: ['invalid_token', 'malformed', 'jwt.decryption'],
  token_unencrypted: ['invalid_token', 'malformed', 'jwt.decryption.required'],
  decryption_failed: ['invalid_token', 'decryption', 'jwt.decryption'],
  opaque_unsupported: ['invalid_token', 'malformed', 'introspection'],
  issuer_unknown: ['invalid_token', 'issuer', 'issuers'],
  issuer_ambiguous: ['invalid_token', 'issuer', 'accepts'],
  // header and signature
  algorithm_not_allowed: ['invalid_token', 'signature', 'jwt.algorithms'],
  type_wrong: ['invalid_token', 'malformed', 'jwt.profile'],
  critical_unsupported: ['invalid_token', 'malformed'],
  key_unknown: ['invalid_token', 'signature', 'jwt.jwksUri'],
  key_unfit: ['invalid_token', 'signature', 'jwt.algorithms'],
  key_ambiguous: ['invalid_token', 'signature', 'jwt.missingKid'],
  key_in_header: ['invalid_token', 'signature', 'jwt.rejectKeyHeaders'],
  signature_invalid: ['invalid_token', 'signature'],
  // claims
  claims_malformed: ['invalid_token', 'malformed'],
  claim_missing: ['invalid_token', 'malformed', 'jwt.profile'],
  issuer_wrong: ['invalid_token', 'issuer', 'issuers'],
  audience_wrong: ['invalid_token', 'audience', 'audience'],
  audience_missing: ['invalid_token', 'audience'],
  audience_ambiguous: ['invalid_token', 'audience', 'jwt.maxAudiences'],
  token_expired: ['invalid_token', 'expired', 'clockSkew'],
  token_not_yet_valid: ['invalid_token', 'early', 'clockSkew'],
  token_too_old: ['invalid_token', 'expired', 'jwt.maxTokenAge'],
  lifetime_too_long: ['invalid_token', 'malformed', 'jwt.maxTokenLifetime'],
  token_kind_wrong: ['invalid_token', 'malformed', 'requiredClaims'],
  token_inactive: ['invalid_token', 'revoked'],
  token_revoked: ['invalid_token', 'revoked'],
  // how the token is bound, and what the request proved
  binding_unsupported: ['invalid_token', 'binding'],
  binding_unproven: ['invalid_token', 'binding'],
  binding_mismatch: ['invalid_token', 'binding'],
  binding_absent: ['invalid_token', 'unbound', 'dpop.mode'],
  proof_missing: ['invalid_dpop_proof', 'proof'],
  proof_repeated: ['invalid_dpop_proof', 'proof'],
  proof_malformed: ['invalid_dpop_proof', 'proof'],
  proof_algorithm: ['invalid_dpop_proof', 'proof', 'dpop.algorithms'],
  proof_key_unfit: ['invalid_dpop_proof', 'proof', 'dpop.algorithms'],
  proof_other_request: ['invalid_dpop_proof', 'proof', 'dpop.publicUrl'],
  proof_other_token: ['invalid_dpop_proof', 'proof'],
  proof_out_of_time: ['invalid_dpop_proof', 'proof', 'dpop.maxAge'],
  proof_signature_invalid: ['invalid_dpop_proof', 'proof'],
  proof_replayed: ['invalid_dpop_proof', 'proof'],
  nonce_missing: ['use_dpop_nonce', 'nonce', 'dpop.nonce'],
  nonce_unknown: ['use_dpop_nonce', 'nonce', 'dpop.nonce'],
  certificate_missing: ['invalid_token', 'binding', 'mtls.field.from'],
  certificate_malformed: ['invalid_token', 'binding', 'mtls.field.format'],
  // guards
  scope_missing: ['insufficient_scope', 'scope'],
  details_insufficient: ['insufficient_scope', 'details'],
  login_insufficient: ['insufficient_user_authentication', 'login'],
  claim_refused: ['access_denied'],
  custom: ['access_denied'],
  subject_refused: ['invalid_token', 'subject'],
  // nobody can know
  keys_unavailable: ['unavailable'],
  store_unavailable: ['unavailable'],
  replay_memory_full: ['unavailable', undefined, 'dpop.replay.entries'],
  replay_memory_unavailable: ['unavailable', undefined, 'dpop.replay.memory'],
  introspection_unavailable: ['unavailable'],
  introspection_misconfigured: ['unavailable'],
  evidence_too_old: ['unavailable'],
  overloaded: ['unavailable'],
  closed: ['unavailable'],
  // our own mistakes
  fresh_unsupported: ['server_error'],
  guard_without_protect: ['server_error'],
  guard_failed: ['server_error'],
  extract_failed: ['server_error'],
  internal_error: ['server_error'],
} as const

export type Reason = keyof typeof REASONS

/** What a refused request would have needed; becomes challenge parameters (RFC 6750 §3, RFC 9470 §3). */
export interface Needs {
  /** Every scope that the operation needs. */
  readonly scopes?: readonly string[] | undefined
  /** Authentication context class references, one of which is needed. */
  readonly acrValues?: readonly string[] | undefined
  /** Seconds that may have passed since the user authenticated. */
  readonly maxAge?: number | undefined
}

/** A rule's no. `detail` goes to events only; what the client hears follows from the reason. */
export interface Refusal extends Needs {
  readonly reason: Reason
  readonly detail?: string | undefined
  /** With `evidence_too_old`: milliseconds before the request's arrival after which evidence would be good enough. */
  readonly maxEvidenceAge?: number | undefined
  /** With `evidence_too_old`: a checked signature is evidence enough. */
  readonly signatureCounts?: boolean | undefined
}

export interface AuthErrorDetails extends Needs {
  readonly cause?: unknown
  /** For events only; never sent. */
  readonly detail?: string | undefined
  /** Seconds, for 503. */
  readonly retryAfter?: number | undefined
  /** What the request was for: tells which RFC 9728 document the challenge names. */
  readonly requestUrl?: string | undefined
  /** The issuer that would have judged, when it is known. */
  readonly issuer?: string | undefined
  /** How it would have; known with the issuer. */
  readonly kind?: TokenKind | undefined
  /** The scheme that the token came under, when it is known: its challenge names the error (RFC 9449 §7.2). */
  readonly scheme?: Scheme | undefined
  /** A nonce for the next proof (RFC 9449 §9). */
  readonly dpopNonce?: string | undefined
  /** True when the reason rests on claims whose signature was not checked (an expired token in a key outage). */
  readonly unverified?: boolean | undefined
}

const NONE = Object.freeze({})

/**
 * A request that is refused, or that nobody can judge now. `message` is the code (`unauthorized` where there is none), so
 * that printing it leaks nothing; `cause` is for a debugger. It carries what the default error handlers of Express, Koa,
 * Fastify and Hono read: `status`, `statusCode`, `expose`, `headers`, `getResponse()`.
 */
export class AuthError extends TracelessError {
  override readonly name = 'AuthError'
  readonly reason: Reason
  /** For clients; `none` means a challenge without an error code. */
  readonly code: ErrorCode
  readonly status: number
  readonly statusCode: number
  readonly expose = true
  /** Response headers: the challenge, `Retry-After`, `Cache-Control`. Complete once a server has answered for it. */
  readonly headers: Readonly<Record<string, string>>
  #details: AuthErrorDetails
  /** True for one of {@link refused} that nobody has answered for. */
  #open = false

  constructor(reason: Reason, details: AuthErrorDetails = NONE, headers: Readonly<Record<string, string>> = NONE) {
    const code = REASONS[reason][0]
    super(code === 'none' ? 'unauthorized' : code, details.cause === undefined ? undefined : { cause: details.cause })
    this.reason = reason
    this.code = code
    this.status = this.statusCode = CODES[code]
    this.headers = headers === NONE ? NONE : Object.freeze({ ...headers })
    this.#details = details
    // Frameworks print `stack` to clients in development, and a refusal is no place in our code worth showing.
    // Assigned, not defined: V8 would write out the old one first, which costs more than all the rest.
    this.stack = `AuthError: ${code}`
  }

  /** The details a server needs to write the answer and the event; not part of what a client sees. */
  static detailsOf(error: AuthError): AuthErrorDetails {
    return error.#details
  }

  /** Adds what was not known where it was made: for what verifiers throw, which says the same to all who share it. */
  static attribute(error: AuthError, issuer: string, kind: TokenKind | undefined): AuthError {
    const details = error.#details
    error.#details = { ...details, issuer: details.issuer ?? issuer, kind: details.kind ?? kind }
    return error
  }

  /** See {@link refused}. */
  static open(reason: Reason, details?: AuthErrorDetails): AuthError {
    const error = new AuthError(reason, details)
    error.#open = true
    return error
  }

  /**
   * Completes an error in its place where nobody has answered for it yet: a second one would cost 1 µs, a third of all.
   * Only for one that was thrown at this request, and at no other: what came out of a promise may be shared.
   *
   * @returns The same error, or another one where this was answered for before, or made by the application.
   */
  static complete(error: AuthError, details: AuthErrorDetails, headers: Readonly<Record<string, string>>): AuthError {
    if (!error.#open) return new AuthError(error.reason, details, headers)
    error.#open = false
    error.#details = details
    ;(error as { headers: AuthError['headers'] }).headers = Object.freeze(headers)
    return error
  }

  /** The answer as a fetch `Response`, for frameworks that ask an error for one. */
  getResponse(): Response {
    return new Response(null, { status: this.status, headers: this.headers })
  }

  toJSON(): { code: ErrorCode; status: number } {
    return { code: this.code, status: this.status }
  }
}

// For `console` and loggers: Node would print the whole chain of causes, with what a secret store or a host said.
Object.defineProperty(AuthError.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: AuthError) {
    return `${this.stack} { reason: '${this.reason}', status: ${this.status} }`
  },
})

/** Builds the one error class that stages throw. */
export function refused(reason: Reason, details?: AuthErrorDetails): AuthError {
  return AuthError.open(reason, details)
}

/**
 * For what a stage returned. Where strangers bring garbage, refusals are returned and not thrown: a throw through three
 * calls takes as long as the error (1 µs) in a loop that does nothing else, and 20 µs between other work.
 */
export function orThrow<T>(result: T | AuthError): T {
  if (result instanceof AuthError) throw result
  return result
}

/** A refusal with its issuer and kind, where the stage that threw it does not know them. Throws on what is no refusal. */
export function attributed(error: unknown, issuer: string, kind?: TokenKind): AuthError {
  if (!(error instanceof AuthError)) throw error
  return AuthError.attribute(error, issuer, kind)
}

/** The text for a reason that may reach a client, if there is one. */
export function descriptionOf(reason: Reason): string | undefined {
  const [, text]: Row = REASONS[reason]
  return text === undefined ? undefined : TEXT[text]
}

/** The option that decides whether something is refused for this reason, as `docs/options.md` names it, if there is one. */
export function optionFor(reason: Reason): string | undefined {
  const [, , option]: Row = REASONS[reason]
  return option
}

/** A configuration that cannot work. Thrown while building, never on a request; says which option and what to write. */
export class ConfigError extends TypeError {
  override readonly name = 'ConfigError'
}
