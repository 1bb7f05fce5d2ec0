import { AuthError, refused } from '../../errors.ts'
import { algorithmOf, thumbprintOf } from '../../keys/jwk.ts'
import { matchingUri } from '../../syntax/http-uri.ts'
import { isJsonObject, type JsonObject } from '../../syntax/json.ts'
import { parseClientJws, type UnverifiedJws } from '../../syntax/jws.ts'
import { joseType } from '../../syntax/media-type.ts'
import { type Algorithm, isAlgorithm, means } from '../../verify/algorithms.ts'
import { firstObjection, type Rule } from '../../verify/rule.ts'
import type { ProofHeader } from './proof-keys.ts'

/** What every proof is held against. */
export interface ProofRules {
  /** The URLs under which clients know this API: origin and path, without a slash at the end. */
  readonly publicUrls: readonly string[]
  readonly algorithms: readonly Algorithm[]
  /** Seconds since `iat`. */
  readonly maxAge: number
  /** Seconds by which a client's clock may be ahead. */
  readonly maxAhead: number
  /** Characters. */
  readonly maxJtiLength: number
  /** Whether a nonce stands in for `iat`. */
  readonly nonceReplacesAge: boolean
}

/** What this request is, for its proof. */
export interface ProofTerms {
  readonly rules: ProofRules
  readonly method: string | undefined
  /** The request target. */
  readonly url: string | undefined
  /** SHA-256 of the token, base64url. */
  readonly tokenDigest: string
}

/** A proof that is one for this request and token by what it says. Its signature is still to be verified. */
export interface DpopProof {
  readonly jws: UnverifiedJws
  readonly header: ProofHeader
  readonly jti: string
  /** Seconds. */
  readonly iat: number
  /** Normalized. */
  readonly htu: string
  readonly nonce: string | undefined
  /** Milliseconds since 1970 at which the request arrived. */
  readonly arrivedAt: number
  /** What the answer to the request carries: the next nonce, where it is time for one. */
  answerFields: Readonly<Record<string, string>> | undefined
}

/** Characters. Node takes no more than 16 KiB of header fields by default. */
const MAX_LENGTH = 8_192

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isTime = (value: unknown): value is number => typeof value === 'number'
const isTimeOrNone = (value: unknown): boolean => value === undefined || isTime(value)

const HEADER_RULES: readonly Rule<JsonObject, ProofRules>[] = [
  { reason: 'proof_malformed', objects: ({ typ }) => !isText(typ) || joseType(typ) !== 'application/dpop+jwt' },
  {
    reason: 'proof_algorithm',
    objects: ({ alg }, { algorithms }) => !algorithms.some((one) => typeof alg === 'string' && means(alg, one)),
  },
  // No extension is implemented, so whatever `crit` names makes the proof invalid (RFC 7515 §4.1.11; RFC 7797 §7).
  {
    reason: 'proof_malformed',
    objects: (header) => Object.hasOwn(header, 'crit') || (Object.hasOwn(header, 'b64') && header['b64'] !== true),
  },
  { reason: 'proof_malformed', objects: ({ jwk }) => !isJsonObject(jwk) },
]

const CLAIM_RULES: readonly Rule<JsonObject, ProofTerms>[] = [
  { reason: 'proof_malformed', objects: ({ jti }, { rules }) => !isText(jti) || jti.length > rules.maxJtiLength },
  {
    reason: 'proof_malformed',
    objects: ({ htm, htu, ath, iat, exp, nbf, nonce }) =>
      !(isText(htm) && isText(htu) && isText(ath) && isTime(iat) && isTimeOrNone(exp) && isTimeOrNone(nbf)) ||
      (nonce !== undefined && typeof nonce !== 'string'),
  },
  { reason: 'proof_other_request', objects: ({ htm }, { method }) => htm !== method && 'htm' },
  { reason: 'proof_other_token', objects: ({ ath }, { tokenDigest }) => ath !== tokenDigest },
  {
    reason: 'proof_out_of_time',
    // Whose clock is wrong must get as far as to be asked for a nonce.
    objects: ({ iat }, { rules }, now) =>
      !rules.nonceReplacesAge &&
      !((iat as number) >= now - rules.maxAge && (iat as number) <= now + rules.maxAhead) &&
      'iat',
  },
  {
    reason: 'proof_out_of_time',
    objects: ({ exp, nbf }, { rules }, now) =>
      ((exp !== undefined && now >= (exp as number)) ||
        (nbf !== undefined && now + rules.maxAhead < (nbf as number))) &&
      'exp or nbf',
  },
]

/**
 * Takes a proof apart and holds what it says against the request (RFC 9449 §4.3). The signature comes last, elsewhere: most
 * of what is wrong with a proof costs no arithmetic.
 *
 * @param known What the header of a proof says, where it came before.
 * @param wall Milliseconds since 1970.
 */
export function readProof(
  text: string,
  terms: ProofTerms,
  known: (segment: string) => ProofHeader | undefined,
  wall: number,
): DpopProof | AuthError {
  if (text.length > MAX_LENGTH) return refused('proof_malformed')
  const segment = text.slice(0, Math.max(0, text.indexOf('.')))
  const seen = known(segment)
  const jws = parseClientJws(text, seen?.header)
  if (!jws) return refused('proof_malformed')
  const { claims } = jws
  const { rules, url } = terms
  const header = seen ?? judgedHeader(segment, jws.header, rules)
  if (header instanceof AuthError) return header
  const refusal = firstObjection(CLAIM_RULES, claims, terms, wall / 1_000)
  if (refusal) return refused(refusal.reason, { detail: refusal.detail })
  const htu = matchingUri(claims['htu'] as string, rules.publicUrls, url)
  if (htu === undefined) return refused('proof_other_request', { detail: 'htu' })
  return {
    jws,
    header,
    jti: claims['jti'] as string,
    iat: claims['iat'] as number,
    htu,
    nonce: claims['nonce'] as string | undefined,
    arrivedAt: wall,
    answerFields: undefined,
  }
}

function judgedHeader(segment: string, header: JsonObject, rules: ProofRules): ProofHeader | AuthError {
  const refusal = firstObjection(HEADER_RULES, header, rules, NO_TIME)
  if (refusal) return refused(refusal.reason)
  const jwk = header['jwk'] as JsonObject
  const named = rules.algorithms.filter((one) => means(header['alg'], one))
  const algorithm = algorithmOf(jwk, named)
  if (!isAlgorithm(algorithm)) return refused('proof_key_unfit', { detail: algorithm })
  const thumbprint = thumbprintOf(jwk)
  return { segment, header, jwk, algorithm, thumbprint, key: undefined }
}

/** No rule for headers asks for the time. */
const NO_TIME = 0
