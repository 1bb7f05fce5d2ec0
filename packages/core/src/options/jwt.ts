import { createSecretKey } from 'node:crypto'
import { ConfigError } from '../errors.ts'
import { VerificationKey } from '../keys/jwk.ts'
import { type KeySet, parseKeySet } from '../keys/key-set.ts'
import type { JsonObject } from '../syntax/json.ts'
import type { EndpointPolicy } from '../syntax/url.ts'
import { type Algorithm, ALGORITHMS, DEFAULT_ALGORITHMS, isAlgorithm } from '../verify/algorithms.ts'
import {
  type Check,
  endpoint,
  fail,
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
import type { JwtSettings } from './settings.ts'

/** The options under `jwt`, one by one; {@link jwtSettings} then looks at them together. */
interface CheckedJwt {
  readonly profile: 'at+jwt' | 'jwt'
  readonly algorithms: readonly string[] | undefined
  readonly jwksUri: string | undefined
  readonly keys: { readonly keys: readonly object[] } | undefined
  readonly sharedSecret: Uint8Array | undefined
  readonly mode: JwtSettings['mode']
  readonly maxTokenAge: number | undefined
  readonly maxTokenLifetime: number | undefined
}

const isJwkSet = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Array.isArray((value as { keys?: unknown }).keys)
const isSecret = (value: unknown): boolean => value instanceof Uint8Array && value.length >= 32

const shape = (endpoints: EndpointPolicy): Check<CheckedJwt> =>
  object<CheckedJwt>({
    profile: withDefault(oneOf('at+jwt', 'jwt'), 'at+jwt'),
    algorithms: optional(list(text)),
    jwksUri: optional(endpoint(endpoints)),
    keys: optional(satisfying(isJwkSet, 'a JWK Set: { keys: [ … ] }')),
    sharedSecret: optional(
      satisfyingUnseen(isSecret, 'a Uint8Array of at least 32 octets; text is never guessed to be a key'),
    ),
    mode: withDefault(oneOf('offline', 'online', 'onlineWhenHealthy'), 'offline'),
    maxTokenAge: optional(span('1s', '180d')),
    maxTokenLifetime: optional(span('1s', '180d')),
  })

/** Checks how JWTs are verified: `false` for not at all, nothing for RFC 9068 with discovered keys. @throws {ConfigError} */
export function jwtSettings(value: unknown, path: string, endpoints: EndpointPolicy): JwtSettings | undefined {
  if (value === false) return undefined
  const options = withDefault(shape(endpoints), {})(value, path)
  const { profile, mode, jwksUri, keys, sharedSecret, maxTokenAge, maxTokenLifetime } = options
  if ([jwksUri, keys, sharedSecret].filter((one) => one !== undefined).length > 1) {
    throw new ConfigError(`options "${path}.jwksUri", "keys" and "sharedSecret" exclude each other; write one`)
  }
  const algorithms = algorithmsOf(options, `${path}.algorithms`)
  return Object.freeze({
    profile,
    algorithms,
    jwksUri,
    pinned: sharedSecret ? secretKeySet(sharedSecret) : keys && pinnedKeySet(keys, algorithms, `${path}.keys`),
    mode,
    maxTokenAgeSeconds: maxTokenAge === undefined ? undefined : maxTokenAge / 1_000,
    maxTokenLifetimeSeconds: maxTokenLifetime === undefined ? undefined : maxTokenLifetime / 1_000,
  })
}

/** A shared secret goes with HS256 alone, and HS256 with nothing else (RFC 7515 §10.5, JWT BCP §3.1). */
function algorithmsOf({ algorithms, sharedSecret }: CheckedJwt, path: string): readonly Algorithm[] {
  if (sharedSecret) {
    if (algorithms !== undefined && algorithms.join() !== 'HS256') {
      fail(path, algorithms.join(), `['HS256'] beside "sharedSecret", or nothing`)
    }
    return Object.freeze(['HS256'] as const)
  }
  if (algorithms === undefined) return DEFAULT_ALGORITHMS
  return Object.freeze([...new Set(algorithms.map((name) => asymmetric(name, path)))])
}

function asymmetric(written: string, path: string): Algorithm {
  const name = written === 'EdDSA' ? 'Ed25519' : written
  if (!isAlgorithm(name)) return fail(path, name, `some of ${Object.keys(ALGORITHMS).join(', ')}; there is no "none"`)
  if (ALGORITHMS[name].kty !== 'oct') return name
  return fail(path, name, '"sharedSecret" for HS256; it goes with no other algorithm and no key set')
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
function secretKeySet(secret: Uint8Array): KeySet {
  const key = createSecretKey(secret)
  const only = new VerificationKey({ algorithm: 'HS256', kid: undefined, thumbprint: 'shared', load: () => key })
  return { keys: [only], single: true }
}
