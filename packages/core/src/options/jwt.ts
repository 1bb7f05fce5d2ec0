import { createSecretKey } from 'node:crypto'
import { ConfigError } from '../errors.ts'
import { VerificationKey } from '../keys/jwk.ts'
import { type KeySet, type MissingKid, parseKeySet } from '../keys/key-set.ts'
import type { JsonObject } from '../syntax/json.ts'
import type { EndpointPolicy } from '../syntax/url.ts'
import type { DecryptionRules } from '../verify/decryption.ts'
import { type Algorithm, ALGORITHMS, DEFAULT_ALGORITHMS, isAlgorithm } from '../verify/algorithms.ts'
import {
  type Check,
  endpoint,
  fail,
  flag,
  integer,
  list,
  object,
  oneOf,
  optional,
  satisfying,
  satisfyingUnseen,
  span,
  text,
  withDefault,
} from './check.ts'
import type { JwtDefaults } from './fapi.ts'
import { isPublished } from './secret.ts'
import { decryptionRules } from './decryption.ts'
import type { JwtSettings } from './settings.ts'

/** The options under `jwt`, one by one; {@link jwtSettings} then looks at them together. */
interface CheckedJwt {
  readonly profile: 'at+jwt' | 'jwt'
  readonly algorithms: readonly string[] | undefined
  readonly jwksUri: string | undefined
  readonly keys: { readonly keys: readonly object[] } | undefined
  readonly missingKid: MissingKid
  readonly sharedSecret: Uint8Array | undefined
  readonly mode: JwtSettings['mode']
  readonly maxTokenAge: number | undefined
  readonly maxTokenLifetime: number | undefined
  readonly maxAudiences: number | undefined
  readonly rejectKeyHeaders: boolean
  readonly waiveRevocation: boolean
  readonly decryption: DecryptionRules | undefined
}

const isJwkSet = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Array.isArray((value as { keys?: unknown }).keys)
const isSecret = (value: unknown): boolean => value instanceof Uint8Array && value.length >= 32

const privateOctets: Check<Uint8Array> = (value, path) => {
  const expected = 'a Uint8Array of at least 32 octets; text is never guessed to be a key'
  const octets = satisfyingUnseen<Uint8Array>(isSecret, expected)(value, path)
  if (!isPublished(octets)) return octets
  throw new ConfigError(
    `option "${path}" is a public key or a certificate, which anybody may have; write octets that only the issuer and this API know, or "${path.replace('sharedSecret', 'keys')}" for a public key`,
  )
}

const PLAIN: JwtDefaults = { algorithms: DEFAULT_ALGORITHMS, mode: 'offline', rejectKeyHeaders: false }

const shape = (endpoints: EndpointPolicy, defaults: JwtDefaults): Check<CheckedJwt> =>
  object<CheckedJwt>({
    profile: withDefault(oneOf('at+jwt', 'jwt'), 'at+jwt'),
    algorithms: optional(list(text)),
    jwksUri: optional(endpoint(endpoints)),
    keys: optional(satisfying(isJwkSet, 'a JWK Set: { keys: [ … ] }')),
    missingKid: withDefault(oneOf('only', 'try'), 'only'),
    sharedSecret: optional(privateOctets),
    mode: withDefault(oneOf('offline', 'online', 'onlineWhenHealthy'), defaults.mode),
    maxTokenAge: optional(span('1s', '180d')),
    maxTokenLifetime: optional(span('1s', '180d')),
    maxAudiences: optional(integer(1, 100)),
    rejectKeyHeaders: optional(flag, defaults.rejectKeyHeaders),
    waiveRevocation: optional(flag, false),
    decryption: optional(decryptionRules),
  })

/** Checks how JWTs are verified: `false` for not at all, nothing for RFC 9068 with discovered keys. @throws {ConfigError} */
export function jwtSettings(
  value: unknown,
  path: string,
  endpoints: EndpointPolicy,
  defaults: JwtDefaults = PLAIN,
): JwtSettings | undefined {
  if (value === false) return undefined
  const options = withDefault(shape(endpoints, defaults), {})(value, path)
  const { profile, mode, jwksUri, keys, sharedSecret, maxTokenAge, maxTokenLifetime } = options
  const { maxAudiences, rejectKeyHeaders, waiveRevocation, decryption } = options
  if ([jwksUri, keys, sharedSecret].filter((one) => one !== undefined).length > 1) {
    throw new ConfigError(`options "${path}.jwksUri", "keys" and "sharedSecret" exclude each other; write one`)
  }
  const algorithms = algorithmsOf(options, `${path}.algorithms`, defaults)
  return Object.freeze({
    profile,
    algorithms,
    jwksUri,
    missingKid: options.missingKid,
    pinned: sharedSecret
      ? secretKeySet(sharedSecret, algorithms[0]!)
      : keys && pinnedKeySet(keys, algorithms, `${path}.keys`),
    mode,
    maxTokenAgeSeconds: maxTokenAge === undefined ? undefined : maxTokenAge / 1_000,
    maxTokenLifetimeSeconds: maxTokenLifetime === undefined ? undefined : maxTokenLifetime / 1_000,
    maxAudiences,
    rejectKeyHeaders,
    waiveRevocation,
    decryption,
  })
}

/** A shared secret goes with one HMAC alone, and an HMAC with nothing else (RFC 7515 §10.5, JWT BCP §3.1). */
function algorithmsOf(
  { algorithms, sharedSecret }: CheckedJwt,
  path: string,
  defaults: JwtDefaults,
): readonly Algorithm[] {
  if (sharedSecret) {
    const name = algorithms === undefined ? 'HS256' : algorithms.join()
    if (!isAlgorithm(name) || ALGORITHMS[name].kty !== 'oct') {
      return fail(path, name, `['HS256'], ['HS384'] or ['HS512'] beside "sharedSecret", or nothing`)
    }
    // As long as the hash, or longer (RFC 7518 §3.2).
    const octets = ALGORITHMS[name].signatureLength!
    if (sharedSecret.length < octets)
      fail(path, name, `${name} only beside a "sharedSecret" of ${octets} octets or more`)
    return Object.freeze([name])
  }
  if (algorithms === undefined) return defaults.algorithms
  return Object.freeze([...new Set(algorithms.map((name) => asymmetric(name, path)))])
}

function asymmetric(written: string, path: string): Algorithm {
  const name = written === 'EdDSA' ? 'Ed25519' : written
  if (!isAlgorithm(name)) return fail(path, name, `some of ${Object.keys(ALGORITHMS).join(', ')}; there is no "none"`)
  if (ALGORITHMS[name].kty !== 'oct') return name
  return fail(path, name, `"sharedSecret" for ${name}; it goes with no other algorithm and no key set`)
}

function pinnedKeySet(document: object, algorithms: readonly Algorithm[], path: string): KeySet {
  const set = parseKeySet(JSON.parse(JSON.stringify(document)) as JsonObject, algorithms, (fault) => {
    const why = fault.replace('_', ' ')
    throw new ConfigError(
      `option "${path}" has a key that cannot be used (${why}); write public keys that fit "algorithms"`,
    )
  })
  if (!set || set.keys.length === 0 || set.keys.some((key) => key.material === undefined)) {
    throw new ConfigError(
      `option "${path}" has no usable key, or one that is no key; write a JWK Set of public keys: { keys: [ … ] }`,
    )
  }
  return set
}

/** One key without `kid`, for every token of the issuer. */
function secretKeySet(secret: Uint8Array, algorithm: Algorithm): KeySet {
  const key = createSecretKey(secret)
  const only = new VerificationKey({ algorithm, kid: undefined, thumbprint: 'shared', load: () => key })
  return { keys: [only], single: true }
}
