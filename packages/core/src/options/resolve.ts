import { ConfigError } from '../errors.ts'
import { systemClock } from '../ports/clock.ts'
import type { HoldfastEvent, Observer } from '../ports/observer.ts'
import { systemRandom } from '../ports/random.ts'
import { systemSignatures } from '../ports/signatures.ts'
import type { Store } from '../ports/store.ts'
import { undiciHttp } from '../ports/undici-http.ts'
import type { ResourceMetadataOptions } from '../resource-metadata.ts'
import { type EndpointPolicy, isEndpoint } from '../syntax/url.ts'
import { checkDisjoint } from './accepts.ts'
import { cache, resilience } from './bounds.ts'
import {
  fail,
  flag,
  has,
  integer,
  list,
  object,
  oneOrMore,
  optional,
  satisfying,
  span,
  text,
  withDefault,
} from './check.ts'
import { DEFAULTS } from './defaults.ts'
import { audience as identifier, issuerSettings } from './issuer.ts'
import type { ResourceServerOptions } from './options.ts'
import type { CacheSettings, IssuerSettings, Ports, ResilienceSettings, Settings } from './settings.ts'

/** The options one by one; {@link resolveSettings} then looks at them together. */
interface CheckedOptions {
  readonly issuer: string | undefined
  readonly issuers: readonly unknown[] | undefined
  readonly audience: readonly string[] | undefined
  readonly resource: string | undefined
  readonly resourceMetadata: { readonly [K in keyof ResourceMetadataOptions]-?: ResourceMetadataOptions[K] | undefined }
  readonly clockSkew: number
  readonly maxTokenLength: number
  readonly maxTokenLifetime: number
  readonly resilience: ResilienceSettings
  readonly cache: CacheSettings
  readonly challenge: { readonly realm: string | undefined; readonly describeErrors: boolean }
  readonly observe: Observer | ((event: HoldfastEvent) => void) | undefined
  readonly store: Store | undefined
  readonly allowInsecureLoopback: boolean
  readonly ports: { readonly [K in keyof Ports]: Ports[K] | undefined }
}

const rootShape = object<CheckedOptions>({
  issuer: optional(text),
  issuers: optional(list((value) => value)),
  audience: optional(oneOrMore(identifier)),
  resource: optional(text),
  resourceMetadata: withDefault(
    object({
      scopesSupported: optional(list(text)),
      resourceName: optional(text),
      resourceDocumentation: optional(text),
      resourcePolicyUri: optional(text),
      resourceTosUri: optional(text),
    }),
    {},
  ),
  clockSkew: withDefault(span('0s', '300s'), DEFAULTS.clockSkew),
  maxTokenLength: optional(integer(256, 65_536), DEFAULTS.maxTokenLength),
  maxTokenLifetime: withDefault(span('1m', '180d'), DEFAULTS.maxTokenLifetime),
  resilience,
  cache,
  challenge: withDefault(object({ realm: optional(realm), describeErrors: optional(flag, true) }), {}),
  observe: optional(
    satisfying((value) => typeof value === 'function' || has('on')(value), 'a function, or an object with on(event)'),
  ),
  store: optional(satisfying(has('load', 'save'), 'an object with load(name) and save(name, value)')),
  allowInsecureLoopback: optional(flag, false),
  ports: withDefault(
    object({
      clock: optional(
        satisfying(has('wall', 'monotonic', 'after'), 'an object with wall(), monotonic() and after(ms, run)'),
      ),
      random: optional(satisfying(has('next', 'id'), 'an object with next() and id()')),
      http: optional(satisfying(has('send', 'close'), 'an object with send(request) and close()')),
      signatures: optional(satisfying(has('now', 'pooled'), 'an object with now(check) and pooled(check)')),
    }),
    {},
  ),
})

/** Checks the options, fills in the defaults and freezes the result. @throws {ConfigError} */
export function resolveSettings(options: ResourceServerOptions): Settings {
  const root = rootShape(options, '')
  const { challenge, observe } = root
  const endpoints = Object.freeze({ allowInsecureLoopback: root.allowInsecureLoopback })
  const issuers = listed(root).map((one, index) => {
    const path = root.issuers ? `issuers[${index}]` : ''
    return issuerSettings(typeof one === 'string' ? { issuer: one } : one, { path, audience: root.audience, endpoints })
  })
  checkTogether(issuers)
  if (root.cache.introspected.persist && !root.store) {
    throw new ConfigError(
      `option "cache.introspected.persist" is true, and "store" is missing; write store: fileStore({ path: '…', key: … })`,
    )
  }
  const resource = resourceOf(root.resource, issuers, endpoints)
  const settings: Settings = {
    issuers: Object.freeze(issuers),
    resource,
    resourceMetadata: root.resourceMetadata,
    realm: challenge.realm ?? printable(resource ?? issuers[0]!.audience[0]!),
    describeErrors: challenge.describeErrors,
    maxTokenLength: root.maxTokenLength,
    maxTokenLifetime: root.maxTokenLifetime,
    skewSeconds: root.clockSkew / 1_000,
    resilience: root.resilience,
    cache: root.cache,
    endpoints,
    observer: typeof observe === 'function' ? Object.freeze({ on: observe }) : observe,
    store: root.store,
    ports: completed(root.ports, root.resilience),
  }
  return Object.freeze(settings)
}

function listed({ issuer, issuers }: CheckedOptions): readonly unknown[] {
  if (issuer !== undefined && issuers !== undefined) {
    throw new ConfigError('options "issuer" and "issuers" exclude each other; write all of them into "issuers"')
  }
  if (issuer === undefined && issuers === undefined) {
    throw new ConfigError(`option "issuer" is missing; write issuer: 'https://login.example.com', or a list "issuers"`)
  }
  return issuers ?? [issuer]
}

function checkTogether(issuers: readonly IssuerSettings[]): void {
  const twice = issuers.find((one, index) => issuers.findIndex(({ issuer }) => issuer === one.issuer) !== index)
  if (twice) {
    throw new ConfigError(`issuer ${JSON.stringify(twice.issuer)} is listed twice; write it once, with all its options`)
  }
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
  issuers: readonly IssuerSettings[],
  endpoints: EndpointPolicy,
): string | undefined {
  if (stated !== undefined && !isEndpoint(stated, endpoints))
    fail('resource', stated, 'an https URL without a fragment')
  return stated ?? issuers.flatMap(({ audience }) => audience).find((one) => isEndpoint(one, endpoints))
}

function realm(value: unknown, path: string): string {
  const written = text(value, path)
  return printable(written) === written ? written : fail(path, value, 'printable ASCII without quote and backslash')
}

/** Only the characters that need no escape in a quoted-string. */
function printable(value: string): string {
  return value.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')
}

function completed(given: CheckedOptions['ports'], { maxInFlight, connectTimeout }: ResilienceSettings): Ports {
  return Object.freeze({
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
    http: given.http ?? undiciHttp({ connections: maxInFlight, connectTimeout }),
    signatures: given.signatures ?? systemSignatures(),
  })
}
