import { createPrivateKey, KeyObject } from 'node:crypto'
import { type JWK, SignJWT } from 'jose'
import { ConfigError } from '../errors.ts'
import { type ClientAuthentication, method } from './client-authentication.ts'

export interface PrivateKeyJwtOptions {
  readonly clientId: string
  /** A private key as `KeyObject` or JWK, or a function that returns one. Text is never guessed to be a key. */
  readonly key: SigningKey | (() => SigningKey | Promise<SigningKey>)
  readonly algorithm: 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'Ed25519' | 'EdDSA'
  readonly kid?: string
  /**
   * `aud` of the assertion. Default: the issuer identifier, as draft-ietf-oauth-rfc7523bis asks. Older servers may want
   * their token endpoint's URL.
   */
  readonly audience?: string
  /**
   * `typ` of the assertion. Default `'client-authentication+jwt'`, as the same draft asks; `false` sends none, for
   * servers that refuse a type they do not know.
   */
  readonly typ?: 'client-authentication+jwt' | 'JWT' | false
}

export type SigningKey = KeyObject | JWK

type Algorithm = PrivateKeyJwtOptions['algorithm']

/** Seconds for which one assertion is good. A new one is made for every request: servers refuse replays. */
const ASSERTION_LIFETIME = 60
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ASSERTION_TYP = 'client-authentication+jwt'
const OPTIONS: readonly string[] = ['clientId', 'key', 'algorithm', 'kid', 'audience', 'typ']

/** `private_key_jwt` (RFC 7523 §2.2, OpenID Connect Core §9): an assertion signed with our own key. */
export function privateKeyJwt(options: PrivateKeyJwtOptions): ClientAuthentication {
  checkOptions(options)
  const { clientId, key, algorithm, kid, audience, typ = ASSERTION_TYP } = options
  const written = typeof key === 'function' ? undefined : signingKey(key, algorithm)
  return method({
    method: 'private_key_jwt',
    clientId,
    algorithm,
    renewable: typeof key === 'function',
    credentials: async ({ issuer, clock, random }) => {
      const material = written ?? signingKey(await (key as () => SigningKey | Promise<SigningKey>)(), algorithm)
      const now = Math.floor(clock.wall() / 1_000)
      const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: audience ?? issuer, jti: random.id() })
        .setProtectedHeader({
          alg: algorithm,
          ...(typ === false ? {} : { typ }),
          ...(kid === undefined ? {} : { kid }),
        })
        .setIssuedAt(now)
        .setExpirationTime(now + ASSERTION_LIFETIME)
        .sign(material)
      return { parameters: { client_id: clientId, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion } }
    },
  })
}

function checkOptions(options: PrivateKeyJwtOptions): void {
  const { clientId, algorithm, kid, audience, typ } = options
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined)
    throw new ConfigError(`privateKeyJwt: unknown option "${unknown}"; the options here are ${OPTIONS.join(', ')}`)
  for (const [name, text] of Object.entries({ clientId, kid: kid ?? '-', audience: audience ?? '-' })) {
    if (typeof text !== 'string' || text === '') throw new ConfigError(`privateKeyJwt: "${name}" is a non-empty string`)
  }
  if (!Object.hasOwn(KEY_TYPES, algorithm)) {
    throw new ConfigError(
      `privateKeyJwt: "algorithm" is ${JSON.stringify(algorithm)}; write one of ${Object.keys(KEY_TYPES).join(', ')}`,
    )
  }
  if (![undefined, ASSERTION_TYP, 'JWT', false].includes(typ))
    throw new ConfigError(`privateKeyJwt: "typ" is ${JSON.stringify(typ)}; write '${ASSERTION_TYP}', 'JWT' or false`)
}

/** What kind of key signs with an algorithm, as Node calls it. */
const KEY_TYPES: Readonly<Record<Algorithm, string>> = {
  RS256: 'rsa',
  PS256: 'rsa',
  ES256: 'ec prime256v1',
  ES384: 'ec secp384r1',
  Ed25519: 'ed25519',
  EdDSA: 'ed25519',
}

/** The same bounds as for keys that verify. */
const RSA_BITS = { min: 2_048, max: 8_192 } as const
const RSA_EXPONENTS = { min: 3n, max: 2n ** 32n + 1n } as const

/** A key that may sign with this algorithm and no other. @throws {ConfigError} */
function signingKey(key: unknown, algorithm: Algorithm): KeyObject {
  const material = imported(key)
  const { namedCurve } = material?.asymmetricKeyDetails ?? {}
  if (material?.type !== 'private' || !isStrong(material)) {
    throw new ConfigError(
      'privateKeyJwt: "key" is a private KeyObject or a private JWK; RSA keys have 2048 to 8192 bits and an odd exponent from 3 to 2^32 + 1',
    )
  }
  const type = namedCurve === undefined ? material.asymmetricKeyType : `${material.asymmetricKeyType} ${namedCurve}`
  if (type !== KEY_TYPES[algorithm] || !isMeantFor(key, algorithm))
    throw new ConfigError(`privateKeyJwt: "key" does not fit ${algorithm}; write the algorithm that the key is for`)
  return material
}

function imported(key: unknown): KeyObject | undefined {
  if (key instanceof KeyObject) return key
  try {
    return createPrivateKey({ key, format: 'jwk' } as never)
  } catch {
    return undefined
  }
}

function isStrong({ asymmetricKeyDetails: { modulusLength, publicExponent } = {} }: KeyObject): boolean {
  if (modulusLength === undefined || publicExponent === undefined) return true
  return (
    modulusLength >= RSA_BITS.min &&
    modulusLength <= RSA_BITS.max &&
    publicExponent >= RSA_EXPONENTS.min &&
    publicExponent <= RSA_EXPONENTS.max &&
    publicExponent % 2n === 1n
  )
}

/** One algorithm of two names (RFC 9864). */
const alike = (name: string): string => (name === 'EdDSA' ? 'Ed25519' : name)

/** What a JWK says of its own use (RFC 7517 §4.2, §4.4). */
function isMeantFor(key: unknown, algorithm: Algorithm): boolean {
  if (key instanceof KeyObject) return true
  const { use = 'sig', alg = algorithm } = key as JWK
  return use === 'sig' && alike(alg) === alike(algorithm)
}
