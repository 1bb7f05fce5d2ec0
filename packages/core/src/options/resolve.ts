import { ConfigError } from '../errors.ts'
import { systemClock } from '../ports/clock.ts'
import { systemRandom } from '../ports/random.ts'
import { systemSignatures } from '../ports/signatures.ts'
import { undiciHttp } from '../ports/undici-http.ts'
import type { HoldfastEvent, Observer } from '../ports/observer.ts'
import { isEndpoint } from '../syntax/url.ts'
import { checkDisjoint } from './accepts.ts'
import * as check from './check.ts'
import { DEFAULTS, PRESETS } from './defaults.ts'
import { issuerSettings, issuerShape } from './issuer.ts'
import type { ResilienceOptions, ResiliencePreset, ResourceServerOptions } from './options.ts'
import type { CacheSettings, IssuerSettings, Ports, ResilienceSettings, Settings } from './settings.ts'

const { optional, object, text, flag, integer, span, list, oneOf, oneOrMore, satisfying, has } = check

const bounds = optional(
  object({
    entries: optional(integer(1, 10_000_000), DEFAULTS.entries),
    bytes: optional(integer(1_024, 2 ** 36), DEFAULTS.bytes),
  }),
  { entries: DEFAULTS.entries, bytes: DEFAULTS.bytes },
)

const cacheShape = object<CacheSettings>({
  introspected: bounds,
  jwts: bounds,
  negative: (value, path) =>
    object({
      entries: optional(integer(1, 1_000_000), DEFAULTS.negative.entries),
      ttl: (ttl, at) => span('0s', '300s')(ttl ?? DEFAULTS.negative.ttl, at),
    })(value ?? {}, path),
  revocations: (value, path) =>
    object({ entries: optional(integer(1, 1_000_000), DEFAULTS.revocations) })(value ?? {}, path),
})

const preset = oneOf('strict', 'balanced', 'available')

const rootShape = object<{ [K in keyof ResourceServerOptions]-?: unknown }>({
  issuer: optional(text),
  issuers: optional(list((value) => value)),
  audience: optional(oneOrMore(text)),
  resource: optional(text),
  resourceMetadata: optional(
    object({
      scopesSupported: optional(list(text)),
      resourceName: optional(text),
      resourceDocumentation: optional(text),
      resourcePolicyUri: optional(text),
      resourceTosUri: optional(text),
    }),
  ),
  clockSkew: (value, path) => span('0s', '300s')(value ?? DEFAULTS.clockSkew, path) / 1_000,
  maxTokenLength: optional(integer(256, 65_536), DEFAULTS.maxTokenLength),
  maxTokenLifetime: (value, path) => span('1m', '180d')(value ?? DEFAULTS.maxTokenLifetime, path),
  resilience: (value, path) => resilience((value ?? 'balanced') as ResiliencePreset | ResilienceOptions, path),
  cache: (value, path) => cacheShape(value ?? {}, path),
  challenge: (value, path) =>
    object({ realm: optional(realm), describeErrors: optional(flag, true) })(value ?? {}, path),
  observe: optional(
    satisfying<Observer | ((event: HoldfastEvent) => void)>(
      (value) => typeof value === 'function' || has('on')(value),
      'a function, or an object with on(event)',
    ),
  ),
  store: optional(satisfying(has('load', 'save'), 'an object with load(name) and save(name, value)')),
  allowInsecureLoopback: optional(flag, false),
  ports: (value, path) => ports(value ?? {}, path),
})

/** Checks the options, fills in the defaults and freezes the result. @throws {ConfigError} */
export function resolveSettings(options: ResourceServerOptions): Settings {
  const root = rootShape(options, '') as Record<keyof ResourceServerOptions, never>
  const endpoints = Object.freeze({ allowInsecureLoopback: root.allowInsecureLoopback as boolean })
  const audience = root.audience as readonly string[] | undefined
  const issuers = issuersOf(options).map((one, index) => {
    const path = options.issuers ? `issuers[${index}]` : ''
    return issuerSettings(issuerShape(typeof one === 'string' ? { issuer: one } : one, path), {
      path,
      audience,
      endpoints,
    })
  })
  checkIssuers(issuers)
  const resource = resourceOf(root.resource, audience, issuers, endpoints)
  const challenge = root.challenge as { realm: string | undefined; describeErrors: boolean }
  const settings: Settings = {
    issuers: Object.freeze(issuers),
    resource,
    resourceMetadata: root.resourceMetadata ?? Object.freeze({}),
    realm: challenge.realm ?? printable(resource ?? issuers[0]!.audience[0]!),
    describeErrors: challenge.describeErrors,
    maxTokenLength: root.maxTokenLength,
    maxTokenLifetime: root.maxTokenLifetime,
    skewSeconds: root.clockSkew,
    resilience: root.resilience,
    cache: root.cache,
    endpoints,
    observer: typeof root.observe === 'function' ? Object.freeze({ on: root.observe }) : root.observe,
    store: root.store,
    ports: completePorts(root.ports, root.resilience),
  }
  return Object.freeze(settings)
}

function issuersOf(options: ResourceServerOptions): readonly (string | object)[] {
  if (options.issuer !== undefined && options.issuers !== undefined) {
    throw new ConfigError('options "issuer" and "issuers" exclude each other; write all of them into "issuers"')
  }
  const issuers = options.issuers ?? (options.issuer === undefined ? [] : [options.issuer])
  if (issuers.length === 0)
    throw new ConfigError(`option "issuer" is missing; write issuer: 'https://login.example.com', or a list "issuers"`)
  return issuers as readonly (string | object)[]
}

function checkIssuers(issuers: readonly IssuerSettings[]): void {
  const twice = issuers.find((one, index) => issuers.findIndex(({ issuer }) => issuer === one.issuer) !== index)
  if (twice)
    throw new ConfigError(`issuer ${JSON.stringify(twice.issuer)} is listed twice; write it once, with all its options`)
  const opaque = issuers.filter(({ introspection }) => introspection)
  const ruleless = opaque.length > 1 ? opaque.find(({ accepts }) => !accepts) : undefined
  if (ruleless) {
    throw new ConfigError(
      `option "accepts" of ${JSON.stringify(ruleless.issuer)} is missing: several issuers have opaque tokens; write for each which are its own, such as accepts: { prefix: 'a_' }`,
    )
  }
  checkDisjoint(opaque.flatMap(({ issuer, accepts: rule }) => (rule ? [{ issuer, rule }] : [])))
}

/** RFC 9728 §1.2 wants an https URL; an audience may be any string. */
function resourceOf(
  stated: string | undefined,
  audience: readonly string[] | undefined,
  issuers: readonly IssuerSettings[],
  endpoints: { allowInsecureLoopback: boolean },
): string | undefined {
  if (stated !== undefined && !isEndpoint(stated, endpoints))
    check.fail('resource', stated, 'an https URL without a fragment')
  return (
    stated ?? [audience ?? [], ...issuers.map((one) => one.audience)].flat().find((one) => isEndpoint(one, endpoints))
  )
}

function realm(value: unknown, path: string): string {
  const known = text(value, path)
  return printable(known) === known ? known : check.fail(path, value, 'printable ASCII without quote and backslash')
}

/** The characters that need no escape in a quoted-string. */
const printable = (value: string): string => value.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')

function resilience(value: ResiliencePreset | ResilienceOptions, path: string): ResilienceSettings {
  const options = (typeof value === 'string' ? { preset: preset(value, path) } : value) as ResilienceOptions
  const { grace, keysHardBound } =
    PRESETS[options?.preset === undefined ? 'balanced' : preset(options.preset, `${path}.preset`)]
  const { preset: _, ...checked } = object<Omit<ResilienceSettings, 'documentFreshness'> & { preset: unknown }>({
    preset: (one) => one,
    fresh: (one, at) => span('0s', '1h')(one ?? DEFAULTS.fresh, at),
    grace: (one, at) => span('0s', '24h')(one ?? grace, at),
    keysHardBound: (one, at) => span('2h', '30d')(one ?? keysHardBound, at),
    wait: (one, at) => span('10ms', '60s')(one ?? DEFAULTS.wait, at),
    graceWait: (one, at) => span('0ms', '60s')(one ?? DEFAULTS.graceWait, at),
    introspectionDeadline: (one, at) => span('10ms', '60s')(one ?? DEFAULTS.introspectionDeadline, at),
    documentDeadline: (one, at) => span('10ms', '60s')(one ?? DEFAULTS.documentDeadline, at),
    connectTimeout: (one, at) => span('10ms', '60s')(one ?? DEFAULTS.connectTimeout, at),
    maxInFlight: optional(integer(1, 10_000), DEFAULTS.maxInFlight),
    maxWaiting: optional(integer(0, 1_000_000), DEFAULTS.maxWaiting),
  })(options, path)
  return Object.freeze({ ...checked, documentFreshness: DEFAULTS.documentFreshness })
}

function ports(value: unknown, path: string): Partial<Ports> {
  return object<{ [K in keyof Ports]: Ports[K] | undefined }>({
    clock: optional(
      satisfying(has('wall', 'monotonic', 'after'), 'an object with wall(), monotonic() and after(ms, run)'),
    ),
    random: optional(satisfying(has('next', 'id'), 'an object with next() and id()')),
    http: optional(satisfying(has('send', 'close'), 'an object with send(request) and close()')),
    signatures: optional(satisfying(has('now', 'pooled'), 'an object with now(check) and pooled(check)')),
  })(value, path) as Partial<Ports>
}

function completePorts(given: Partial<Ports>, { maxInFlight, connectTimeout }: ResilienceSettings): Ports {
  return Object.freeze({
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
    http: given.http ?? undiciHttp({ connections: maxInFlight, connectTimeout }),
    signatures: given.signatures ?? systemSignatures(),
  })
}
