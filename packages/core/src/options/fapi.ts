import { ConfigError } from '../errors.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import type { IssuerSettings, JwtSettings } from './settings.ts'

/** The signature algorithms of FAPI 2.0 §5.4.1, in the order by which keys without `alg` are bound. */
export const FAPI_ALGORITHMS: readonly Algorithm[] = Object.freeze(['ES256', 'Ed25519', 'PS256'])
const WRITTEN = `'PS256', 'ES256' and 'Ed25519'`

/** Seconds by which clocks may differ: 10 must be tolerated, and 60 are too many. */
const SKEW = { min: 10, max: 60 }

/** What is meant where nothing is written about the JWTs of an issuer. */
export type JwtDefaults = Pick<JwtSettings, 'mode' | 'rejectKeyHeaders'> & { readonly algorithms: readonly Algorithm[] }

/** @param introspects Whether the issuer has introspection, which then says of JWTs, too, whether they were revoked. */
export function fapiJwtDefaults(introspects: boolean): JwtDefaults {
  return { algorithms: FAPI_ALGORITHMS, mode: introspects ? 'online' : 'offline', rejectKeyHeaders: true }
}

interface Configured {
  readonly issuers: readonly IssuerSettings[]
  /** Whether a token is taken from a form, or from where the application says. */
  readonly form: boolean
  readonly extract: unknown
  readonly requireHttps: boolean | undefined
  readonly allowInsecureLoopback: boolean
  readonly skewSeconds: number
  /** Seconds by which proofs may be ahead; `undefined` where none are taken. */
  readonly maxAhead: number | undefined
  /** Whether there is a binding that could be proved. */
  readonly bindable: boolean
}

/** What contradicts FAPI 2.0 whoever the issuers are, and what to write instead. */
const CONTRADICTIONS: readonly (readonly [is: (configured: Configured) => boolean, option: string, remedy: string])[] =
  [
    [
      ({ bindable }) => !bindable,
      '"dpop" and "mtls" are off',
      `tokens are bound to a key; write mtls: 'allowed', or dpop: 'allowed' (§5.3.4)`,
    ],
    [({ form }) => form, '"credentials.form" is true', 'tokens come in the header; leave it out (§5.3.4)'],
    [
      ({ extract }) => extract !== undefined,
      '"credentials.extract" is a function',
      'tokens come in the header; leave it out (§5.3.4)',
    ],
    [
      ({ requireHttps }) => requireHttps === false,
      '"requireHttps" is false',
      'nothing is served without TLS; leave it out (§5.2.1)',
    ],
    [
      ({ allowInsecureLoopback }) => allowInsecureLoopback,
      '"allowInsecureLoopback" is true',
      'nobody is asked without TLS; leave it out (§5.2.1)',
    ],
    [
      ({ skewSeconds }) => skewSeconds < SKEW.min || skewSeconds > SKEW.max,
      '"clockSkew" is too little or too much',
      `it goes from '${SKEW.min}s' to '${SKEW.max}s' (§5.3.2)`,
    ],
    [
      ({ maxAhead = SKEW.min }) => maxAhead < SKEW.min,
      '"dpop.maxAhead" is too little',
      `it goes from '${SKEW.min}s' (§5.3.2)`,
    ],
  ]

/** What FAPI 2.0 asks of a resource server (§5.2.1, §5.3.4, §5.4). @throws {ConfigError} */
export function checkFapi(configured: Configured): void {
  for (const [is, option, remedy] of CONTRADICTIONS) if (is(configured)) contradiction(option, remedy)
  for (const issuer of configured.issuers) checkIssuer(issuer)
}

function checkIssuer({ issuer, jwt, introspection }: IssuerSettings): void {
  const of = `of ${JSON.stringify(issuer)}`
  const { algorithm } = introspection?.client ?? {}
  if (algorithm !== undefined && !isAllowed(algorithm)) {
    contradiction(`"introspection.client" ${of} signs with ${algorithm}`, `write one of ${WRITTEN} (§5.4.1)`)
  }
  const answers = introspection?.signed?.algorithm
  if (answers !== undefined && !isAllowed(answers)) {
    contradiction(`"introspection.signed.algorithm" ${of} is ${answers}`, `write one of ${WRITTEN} (§5.4.1)`)
  }
  if (introspection?.audience === 'off') {
    contradiction(`"introspection.audience" ${of} is 'off'`, 'a token has to be meant for this API; leave it out')
  }
  if (jwt) checkJwt(jwt, of, introspection !== undefined)
}

function checkJwt(
  { algorithms, rejectKeyHeaders, mode, waiveRevocation }: JwtSettings,
  of: string,
  introspects: boolean,
): void {
  const foreign = algorithms.find((one) => !isAllowed(one))
  if (foreign !== undefined) {
    contradiction(`"jwt.algorithms" ${of} has ${foreign}`, `the algorithms are ${WRITTEN}; leave it out (§5.4.1)`)
  }
  if (!rejectKeyHeaders) {
    contradiction(`"jwt.rejectKeyHeaders" ${of} is false`, 'tokens bring no keys; leave it out (§5.4.2)')
  }
  if (mode === 'offline' && !waiveRevocation) {
    const remedy = introspects ? `leave it out` : `write introspection: { client: … }`
    contradiction(
      `"jwt.mode" ${of} is 'offline'`,
      `nothing would tell of a revocation; ${remedy}, or jwt: { waiveRevocation: true } (§5.3.4)`,
    )
  }
}

const isAllowed = (algorithm: string): boolean =>
  algorithm === 'EdDSA' || FAPI_ALGORITHMS.includes(algorithm as Algorithm)

function contradiction(option: string, remedy: string): never {
  throw new ConfigError(`option ${option}: with profile 'fapi2' ${remedy}`)
}
