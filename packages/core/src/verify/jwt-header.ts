import { refused } from '../errors.ts'
import type { KeyHint } from '../keys/key-set.ts'
import type { JsonObject } from '../syntax/json.ts'
import { joseType } from '../syntax/media-type.ts'
import { type Algorithm, means } from './algorithms.ts'
import { firstObjection, type Rule } from './rule.ts'

/** Which JWTs an issuer's access tokens are: RFC 9068 (`at+jwt`), or JWTs of servers that predate it. */
export type Profile = 'at+jwt' | 'jwt'

/** The `typ` values that each profile takes; anything else is some other kind of JWT (JWT BCP §3.11, §3.12). */
const TYPES: Readonly<Record<Profile, readonly string[]>> = {
  'at+jwt': ['application/at+jwt'],
  jwt: ['application/jwt', 'application/at+jwt'],
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const KID = /^[^\u0000-\u001f\u007f]{1,256}$/

/** What headers are held against. */
export interface HeaderRules {
  readonly profile: Profile
  readonly algorithms: readonly Algorithm[]
}

/** What the header of any JWS is judged by, whatever its payload is (RFC 7515 §4.1). */
const JWS_HEADER_RULES: readonly Rule<JsonObject, Pick<HeaderRules, 'algorithms'>>[] = [
  { reason: 'token_malformed', objects: ({ alg }) => typeof alg !== 'string' },
  {
    reason: 'algorithm_not_allowed',
    objects: ({ alg }, { algorithms }) => typeof alg === 'string' && !algorithms.some((one) => means(alg, one)),
  },
  // No extension is implemented, so whatever `crit` names makes the token invalid (§4.1.11); nor is `b64` (RFC 7797 §7).
  {
    reason: 'critical_unsupported',
    objects: (header) => Object.hasOwn(header, 'crit') || (Object.hasOwn(header, 'b64') && header['b64'] !== true),
  },
  {
    reason: 'token_malformed',
    objects: ({ kid }) => kid !== undefined && (typeof kid !== 'string' || !KID.test(kid)),
  },
]

/** What the header of a JWT access token is judged by, before any key is looked for (RFC 9068 §2.1). */
export const HEADER_RULES: readonly Rule<JsonObject, HeaderRules>[] = [
  ...JWS_HEADER_RULES,
  {
    reason: 'token_malformed',
    objects: ({ cty }) => cty !== undefined && (typeof cty !== 'string' || joseType(cty) === 'application/jwt'),
  },
  { reason: 'type_wrong', objects: ({ typ }, { profile }) => !typeFits(typ, profile) },
]

/** @throws {AuthError} `algorithm_not_allowed`, `critical_unsupported`, `token_malformed`, `type_wrong`. */
export function checkHeader(header: JsonObject, profile: Profile, algorithms: readonly Algorithm[]): KeyHint {
  const refusal = firstObjection(HEADER_RULES, header, { profile, algorithms }, NO_TIME)
  if (refusal) throw refused(refusal.reason)
  return hintOf(header)
}

/**
 * The same for a JWS of which nothing else is known. `jku`, `jwk`, `x5u` and `x5c` are never read: keys come from
 * configuration only.
 *
 * @throws {AuthError} `algorithm_not_allowed`, `critical_unsupported`, `token_malformed`.
 */
export function checkJwsHeader(header: JsonObject, algorithms: readonly Algorithm[]): KeyHint {
  const refusal = firstObjection(JWS_HEADER_RULES, header, { algorithms }, NO_TIME)
  if (refusal) throw refused(refusal.reason)
  return hintOf(header)
}

/** No rule for headers asks for the time. */
const NO_TIME = 0

/** What a header that has been judged says about its key. */
export function hintOf({ alg, kid }: JsonObject): KeyHint {
  return { algorithm: alg as string, kid: kid as string | undefined }
}

/** Parameters by which a token offers the key, or the certificate, to verify it with (RFC 7515 §4.1.2 to §4.1.8). */
const OFFERS = ['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256'] as const

/** Whether a header offers a key of its own. Nothing ever uses it; an issuer that never does so may want it refused. */
export function offersKey(header: JsonObject): boolean {
  return OFFERS.some((name) => Object.hasOwn(header, name))
}

function typeFits(typ: unknown, profile: Profile): boolean {
  if (typ === undefined) return profile === 'jwt'
  return typeof typ === 'string' && TYPES[profile].includes(joseType(typ))
}
