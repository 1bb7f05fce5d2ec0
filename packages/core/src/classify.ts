import { refused } from './errors.ts'
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
}

/** The closed list of issuers. */
export interface Routes {
  readonly byIssuer: ReadonlyMap<string, Route>
  readonly opaque: readonly Route[]
}

export interface Classified {
  readonly issuer: string
  readonly verifier: Verifier
  readonly jwt: UnverifiedJwt | undefined
}

/**
 * A look without trust: which configured issuer may judge this token? A JWT says so itself (`iss`), and only picks from
 * the list; an opaque token is the only opaque issuer's, or the one's whose rule accepts it. No network is involved.
 *
 * @throws {AuthError} `credentials_malformed`, `token_malformed`, `token_encrypted`, `issuer_unknown`,
 *   `issuer_ambiguous`, `opaque_unsupported`.
 */
export function classify(token: string, routes: Routes): Classified {
  checkCharacters(token)
  const shape = shapeOf(token)
  if (shape === 'jwe') return encrypted(token, routes)
  return shape === 'jws' ? byIssuer(token, routes) : byRule(token, routes.opaque)
}

/** RFC 6750 §2.1, RFC 9110 §11.2: token68. */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/

/** RFC 6750 §3.1 uses "malformed" for both codes: a second word or a parameter is a bad request, a bad word a bad token. */
function checkCharacters(token: string): void {
  if (!TOKEN68.test(token)) throw refused(/[\s,"]/.test(token) ? 'credentials_malformed' : 'token_malformed')
}

function byIssuer(token: string, { byIssuer: known }: Routes): Classified {
  const jwt = parseJws(token)
  if (!jwt) throw refused('token_malformed')
  const { iss } = jwt.claims
  const route = typeof iss === 'string' ? known.get(iss) : undefined
  if (!route)
    throw refused('issuer_unknown', {
      issuer: typeof iss === 'string' ? nearly(iss, known) : undefined,
      unverified: true,
    })
  if (route.jwt) return { issuer: route.issuer, verifier: route.jwt, jwt }
  return { issuer: route.issuer, verifier: route.opaque!, jwt: undefined }
}

/** An encrypted token says nothing to us; to an issuer whose JWTs are all introspected it is as good as opaque. */
function encrypted(token: string, { opaque }: Routes): Classified {
  const takers = opaque.filter((route) => route.jwt === undefined)
  if (takers.length === 0) throw refused('token_encrypted')
  return byRule(token, takers)
}

function byRule(token: string, opaque: readonly Route[]): Classified {
  if (opaque.length === 0) throw refused('opaque_unsupported')
  const takers = opaque.filter((route) => route.accepts === undefined || route.accepts(token))
  // A token that two issuers would take is shown to neither: one of them must not learn it.
  if (takers.length > 1) throw refused('issuer_ambiguous')
  const route = takers[0]
  if (!route) throw refused('issuer_unknown')
  return { issuer: route.issuer, verifier: route.opaque!, jwt: undefined }
}

/** The configured issuer that differs by a trailing slash only, for advice. */
function nearly(iss: string, known: ReadonlyMap<string, Route>): string | undefined {
  const other = iss.endsWith('/') ? iss.slice(0, -1) : `${iss}/`
  return known.has(other) ? other : undefined
}
