import { refused } from '../errors.ts'
import type { KeyHint } from '../keys/key-set.ts'
import type { JsonObject } from '../syntax/json.ts'
import { joseType } from '../syntax/media-type.ts'
import { type Algorithm, means } from './algorithms.ts'

/** Which JWTs an issuer's access tokens are: RFC 9068 (`at+jwt`), or JWTs of servers that predate it. */
export type Profile = 'at+jwt' | 'jwt'

/** The `typ` values that each profile takes; anything else is some other kind of JWT (JWT BCP §3.11, §3.12). */
const TYPES: Readonly<Record<Profile, readonly string[]>> = {
  'at+jwt': ['application/at+jwt'],
  jwt: ['application/jwt', 'application/at+jwt'],
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const KID = /^[^\u0000-\u001f\u007f]{1,256}$/

/**
 * What a JOSE header must say before any key is looked for (RFC 7515 §4.1, RFC 9068 §2.1). `jku`, `jwk`, `x5u` and
 * `x5c` are never read: keys come from configuration only.
 *
 * @throws {AuthError} `algorithm_not_allowed`, `critical_unsupported`, `token_malformed`, `type_wrong`.
 */
export function checkHeader(header: JsonObject, profile: Profile, algorithms: readonly Algorithm[]): KeyHint {
  const { alg, kid, typ, cty } = header
  if (typeof alg !== 'string') throw refused('token_malformed')
  if (!algorithms.some((one) => means(alg, one))) throw refused('algorithm_not_allowed')
  // No extension is implemented, so whatever `crit` names makes the token invalid (§4.1.11); nor is `b64` (RFC 7797 §7).
  if (Object.hasOwn(header, 'crit') || (Object.hasOwn(header, 'b64') && header['b64'] !== true)) {
    throw refused('critical_unsupported')
  }
  if (kid !== undefined && (typeof kid !== 'string' || !KID.test(kid))) throw refused('token_malformed')
  if (cty !== undefined && (typeof cty !== 'string' || joseType(cty) === 'application/jwt'))
    throw refused('token_malformed')
  if (!typeFits(typ, profile)) throw refused('type_wrong')
  return { algorithm: alg, kid }
}

function typeFits(typ: unknown, profile: Profile): boolean {
  if (typ === undefined) return profile === 'jwt'
  return typeof typ === 'string' && TYPES[profile].includes(joseType(typ))
}
