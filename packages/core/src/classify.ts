import type { TokenKind } from './counters.ts'
import { type AuthError, orThrow, refused } from './errors.ts'
import type { JsonObject } from './syntax/json.ts'
import { parseJweHeader } from './syntax/jwe.ts'
import { parseJws, shapeOf, type UnverifiedJwt } from './syntax/jws.ts'
import type { Verifier } from './verify/verifier.ts'

/** One issuer as far as routing goes. */
export interface Route {
  readonly issuer: string
  /** Judges tokens that are JWTs naming this issuer. */
  readonly jwt: Verifier | undefined
  /** Judges what is not a JWT. */
  readonly opaque: Verifier | undefined
  /** Which opaque tokens are this issuer's; always present when several issuers take them. */
  readonly accepts: ((token: string) => boolean) | undefined
  /** Which encrypted tokens its JWT verifier opens, told by their header; absent where it opens none. */
  readonly decrypts?: ((header: JsonObject) => boolean) | undefined
}

/** The closed list of issuers. */
export interface Routes {
  readonly byIssuer: ReadonlyMap<string, Route>
  readonly opaque: readonly Route[]
}

export interface Classified {
  readonly issuer: string
  readonly kind: TokenKind
  readonly verifier: Verifier
  readonly jwt: UnverifiedJwt | undefined
}

/**
 * A look without trust: which configured issuer may judge this token? A JWT says so itself (`iss`), and only picks from
 * the list; an opaque token is the only opaque issuer's, or the one's whose rule accepts it. No network is involved.
 *
 * @throws {AuthError} `credentials_malformed`, `token_malformed`, `token_encrypted`, `issuer_unknown`,
 *   `issuer_ambiguous`, `opaque_unsupported`, `decryption_failed`.
 */
export function classify(token: string, routes: Routes): Classified {
  return orThrow(tryClassify(token, routes))
}

/** True for what no store can know and no issuer will judge, told without taking it apart: not worth a digest. */
export function isNobodys(token: string, { opaque }: Routes): boolean {
  return opaque.length === 0 && !token.includes('.')
}

/** The same, with a refusal returned instead of thrown. */
export function tryClassify(token: string, routes: Routes): Classified | AuthError {
  const shape = shapeOf(token)
  if (shape === 'jws') return byIssuer(token, routes)
  if (!TOKEN68.test(token)) return malformed(token)
  return shape === 'jwe' ? encrypted(token, routes) : byRule(token, routes.opaque)
}

/**
 * RFC 6750 §2.1, RFC 9110 §11.2: token68. What parses as a JWT has canonical segments, and no character beside theirs: it
 * needs no such check (0.7 µs).
 */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/

/** RFC 6750 §3.1 uses "malformed" for both codes: a second word or a parameter is a bad request, a bad word a bad token. */
function malformed(token: string): AuthError {
  return refused(/[\s,"]/.test(token) ? 'credentials_malformed' : 'token_malformed')
}

function byIssuer(token: string, { byIssuer: known }: Routes): Classified | AuthError {
  const jwt = parseJws(token)
  if (!jwt) return malformed(token)
  const { iss } = jwt.claims
  const route = typeof iss === 'string' ? known.get(iss) : undefined
  if (!route)
    return refused('issuer_unknown', {
      issuer: typeof iss === 'string' ? nearly(iss, known) : undefined,
      unverified: true,
    })
  if (route.jwt) return { issuer: route.issuer, kind: 'jwt', verifier: route.jwt, jwt }
  return { issuer: route.issuer, kind: 'opaque', verifier: route.opaque!, jwt: undefined }
}

/**
 * An encrypted token goes to whoever has the key that its header names. To an issuer whose JWTs are all introspected it is
 * as good as opaque; beside one that encrypts for us, only by an `accepts` rule: it must not learn the other's tokens.
 */
function encrypted(token: string, { byIssuer: known, opaque }: Routes): Classified | AuthError {
  const decrypting = [...known.values()].filter((route) => route.decrypts !== undefined)
  if (decrypting.length > 0) {
    const header = parseJweHeader(token)
    if (!header) return refused('token_malformed')
    const owners = decrypting.filter((route) => route.decrypts!(header))
    if (owners.length > 1) return refused('issuer_ambiguous')
    const owner = owners[0]
    if (owner) return { issuer: owner.issuer, kind: 'jwt', verifier: owner.jwt!, jwt: undefined }
  }
  const takers = opaque.filter(
    (route) => route.jwt === undefined && (decrypting.length === 0 || route.accepts !== undefined),
  )
  if (takers.length > 0) return byRule(token, takers)
  return decrypting.length > 0 ? refused('decryption_failed', { detail: '"kid"' }) : refused('token_encrypted')
}

function byRule(token: string, opaque: readonly Route[]): Classified | AuthError {
  if (opaque.length === 0) return refused('opaque_unsupported')
  const takers = opaque.filter((route) => route.accepts === undefined || route.accepts(token))
  // A token that two issuers would take is shown to neither: one of them must not learn it.
  if (takers.length > 1) return refused('issuer_ambiguous')
  const route = takers[0]
  if (!route) return refused('issuer_unknown')
  return { issuer: route.issuer, kind: 'opaque', verifier: route.opaque!, jwt: undefined }
}

/** The configured issuer that differs by a trailing slash only, for advice. */
function nearly(iss: string, known: ReadonlyMap<string, Route>): string | undefined {
  const other = iss.endsWith('/') ? iss.slice(0, -1) : `${iss}/`
  return known.has(other) ? other : undefined
}
