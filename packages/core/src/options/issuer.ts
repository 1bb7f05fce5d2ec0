import { createSecretKey } from 'node:crypto'
import { ConfigError } from '../errors.ts'
import { isClientAuthentication } from '../introspection/client-authentication.ts'
import { VerificationKey } from '../keys/jwk.ts'
import { type KeySet, parseKeySet } from '../keys/key-set.ts'
import type { JsonObject } from '../syntax/json.ts'
import { type EndpointPolicy, isEndpoint, isInsecureLoopback, isIssuer } from '../syntax/url.ts'
import { type Algorithm, ALGORITHMS, DEFAULT_ALGORITHMS, isAlgorithm } from '../verify/algorithms.ts'
import { acceptsRule } from './accepts.ts'
import * as check from './check.ts'
import type { AcceptsOptions, IssuerOptions, JwtOptions } from './options.ts'
import type { IntrospectionSettings, IssuerSettings, JwtSettings } from './settings.ts'

const { optional, object, text, span, list, oneOf, oneOrMore, satisfying, integer } = check

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const plain = satisfying<Readonly<Record<string, string | number | boolean>>>(
  (value) =>
    isRecord(value) &&
    Object.values(value as object).every((one) => ['string', 'number', 'boolean'].includes(typeof one)),
  'an object of texts, numbers or booleans',
)
const texts = satisfying<Readonly<Record<string, string>>>(
  (value) => isRecord(value) && Object.values(value as object).every((one) => typeof one === 'string'),
  'an object of texts',
)

const jwtShape = object<{ [K in keyof JwtOptions]-?: unknown }>({
  profile: optional(oneOf('at+jwt', 'jwt'), 'at+jwt'),
  algorithms: optional(list(text)),
  jwksUri: optional(text),
  keys: optional(
    satisfying(
      (value) => isRecord(value) && Array.isArray((value as { keys?: unknown }).keys),
      'a JWK Set: { keys: [ … ] }',
    ),
  ),
  sharedSecret: optional(
    satisfying(
      (value) => value instanceof Uint8Array && value.length >= 32,
      'a Uint8Array of at least 32 octets; text is never guessed to be a key',
    ),
  ),
  mode: optional(oneOf('offline', 'online', 'onlineWhenHealthy'), 'offline'),
  maxTokenAge: optional(span('1s', '180d')),
  maxTokenLifetime: optional(span('1s', '180d')),
})

/** Checks the options of one issuer, one by one; {@link issuerSettings} then looks at them together. */
export const issuerShape: check.Check<{ [K in keyof IssuerOptions]-?: unknown }> = object<{
  [K in keyof IssuerOptions]-?: unknown
}>({
  issuer: text,
  audience: optional(oneOrMore(text)),
  jwt: (value, path) => (value === false ? undefined : jwtShape(value ?? {}, path)),
  introspection: optional(
    object({
      client: satisfying(
        isClientAuthentication,
        `what clientSecretBasic(…) and its siblings return, or unauthenticated() where the endpoint asks for nothing`,
      ),
      endpoint: optional(text),
      audience: optional(oneOf('required', 'ifPresent', 'off'), 'required'),
      parameters: optional(texts, Object.freeze({})),
    }),
  ),
  accepts: optional(
    object({
      prefix: optional(text),
      length: optional(integer(8, 65_536)),
      alphabet: optional(oneOf('hex', 'base64url', 'token68')),
      test: optional(satisfying((value) => typeof value === 'function', 'a function')),
      examples: optional(list(text)),
    }),
  ),
  scopeClaims: optional(list(text)),
  requiredClaims: optional(plain, Object.freeze({})),
  metadataUrl: optional(text),
  tls: optional(
    object({
      cert: optional(pem),
      key: optional(pem),
      ca: (value: unknown, path: string) => (value === undefined ? undefined : oneOrMore(pem)(value, path)),
    }),
  ),
})

function pem(value: unknown, path: string): string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value)
    ? value
    : check.fail(path, typeof value, 'PEM, as text or Buffer')
}

interface Surroundings {
  readonly path: string
  readonly audience: readonly string[] | undefined
  readonly endpoints: EndpointPolicy
}

/** What is right one by one may still contradict itself. @throws {ConfigError} */
export function issuerSettings(
  options: Record<keyof IssuerOptions, unknown>,
  { path, audience: shared, endpoints }: Surroundings,
): IssuerSettings {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const endpoint = (value: unknown, name: string): void => {
    if (value !== undefined && !isEndpoint(value, endpoints)) urlFault(at(name), value)
  }
  const issuer = options.issuer as string
  if (!isIssuer(issuer, endpoints)) urlFault(at('issuer'), issuer)
  endpoint(options.metadataUrl, 'metadataUrl')
  const audience = (options.audience ?? shared) as readonly string[] | undefined
  if (!audience)
    throw new ConfigError(
      `option "${at('audience')}" is missing; write the identifier that tokens for this API carry in "aud"`,
    )
  audience.forEach((one) => {
    if (URL.canParse(one) && one.includes('#'))
      check.fail(at('audience'), one, 'an identifier without a fragment (RFC 8707 §2)')
  })
  const introspection = options.introspection as IntrospectionSettings | undefined
  endpoint(introspection?.endpoint, 'introspection.endpoint')
  const jwt =
    options.jwt === undefined
      ? undefined
      : jwtSettings(options.jwt as JwtOptions & { maxTokenAge?: never }, at('jwt'), endpoints)
  if (!jwt && !introspection)
    throw new ConfigError(
      `option "${at('jwt')}" is false and "introspection" is missing: no token of this issuer could be verified; write one of them`,
    )
  if (jwt && jwt.mode !== 'offline' && !introspection)
    throw new ConfigError(
      `option "${at('jwt.mode')}" is '${jwt.mode}' and "introspection" is missing; write introspection: { client: … }`,
    )
  if (options.accepts !== undefined && !introspection)
    throw new ConfigError(
      `option "${at('accepts')}" is about opaque tokens and "introspection" is missing; write introspection: { client: … }, or leave "accepts" out`,
    )
  return Object.freeze({
    issuer,
    audience,
    jwt,
    introspection,
    accepts: options.accepts === undefined ? undefined : acceptsRule(options.accepts as AcceptsOptions, at('accepts')),
    scopeClaims: options.scopeClaims as readonly string[] | undefined,
    requiredClaims: options.requiredClaims as IssuerSettings['requiredClaims'],
    metadataUrl: options.metadataUrl as string | undefined,
    tls: options.tls as IssuerSettings['tls'],
  })
}

function urlFault(path: string, value: unknown): never {
  const hint = isInsecureLoopback(value) ? ' (for http on loopback, set allowInsecureLoopback: true)' : ''
  return check.fail(path, value, `an https URL without user information, query or fragment${hint}`)
}

function jwtSettings(options: JwtOptions, path: string, endpoints: EndpointPolicy): JwtSettings {
  const { profile, mode, jwksUri, keys, sharedSecret } = options
  if ([jwksUri, keys, sharedSecret].filter((one) => one !== undefined).length > 1) {
    throw new ConfigError(`options "${path}.jwksUri", "keys" and "sharedSecret" exclude each other; write one`)
  }
  if (jwksUri !== undefined && !isEndpoint(jwksUri, endpoints)) urlFault(`${path}.jwksUri`, jwksUri)
  const algorithms = algorithmsOf(options, `${path}.algorithms`)
  const pinned = sharedSecret
    ? secretKeySet(sharedSecret)
    : keys
      ? pinnedKeySet(keys, algorithms, `${path}.keys`)
      : undefined
  return Object.freeze({
    profile: profile!,
    algorithms,
    jwksUri,
    pinned,
    mode: mode!,
    maxTokenAgeSeconds: seconds(options.maxTokenAge),
    maxTokenLifetimeSeconds: seconds(options.maxTokenLifetime),
  })
}

const seconds = (ms: unknown): number | undefined => (ms === undefined ? undefined : (ms as number) / 1_000)

/** A shared secret goes with HS256 alone, and HS256 with nothing else (RFC 7515 §10.5, JWT BCP §3.1). */
function algorithmsOf({ algorithms, sharedSecret }: JwtOptions, path: string): readonly Algorithm[] {
  if (sharedSecret) {
    if (algorithms !== undefined && algorithms.join() !== 'HS256')
      check.fail(path, algorithms.join(), `['HS256'] beside "sharedSecret", or nothing`)
    return Object.freeze(['HS256'] as const)
  }
  if (algorithms === undefined) return DEFAULT_ALGORITHMS
  const names = algorithms.map((one) => (one === 'EdDSA' ? 'Ed25519' : one))
  for (const name of names) {
    if (!isAlgorithm(name)) check.fail(path, name, `some of ${Object.keys(ALGORITHMS).join(', ')}; there is no "none"`)
    if (ALGORITHMS[name].kty === 'oct')
      check.fail(path, name, '"sharedSecret" for HS256; it goes with no other algorithm and no key set')
  }
  return Object.freeze([...new Set(names)])
}

function pinnedKeySet(document: object, algorithms: readonly Algorithm[], path: string): KeySet {
  const set = parseKeySet(JSON.parse(JSON.stringify(document)) as JsonObject, algorithms, (fault) => {
    throw new ConfigError(
      `option "${path}" has a key that cannot be used (${fault.replace('_', ' ')}); write public keys that fit "algorithms"`,
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
  return { keys: [new VerificationKey({ algorithm: 'HS256', kid: undefined, thumbprint: 'shared', load: () => key })] }
}
