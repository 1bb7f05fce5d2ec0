import { ConfigError } from '../errors.ts'
import { systemClock } from '../ports/clock.ts'
import type { Http } from '../ports/http.ts'
import type { HoldfastEvent, Observer } from '../ports/observer.ts'
import { systemRandom } from '../ports/random.ts'
import { systemSignatures } from '../ports/system-signatures.ts'
import type { Store } from '../ports/store.ts'
import { undiciHttp } from '../ports/undici-http.ts'
import { checkDisjoint } from './accepts.ts'
import { cache, resilience } from './bounds.ts'
import {
  fail,
  flag,
  has,
  integer,
  list,
  mayHave,
  object,
  oneOf,
  oneOrMore,
  optional,
  satisfying,
  span,
  text,
  withDefault,
} from './check.ts'
import { checkDecryptionKeys } from './decryption.ts'
import { DEFAULTS } from './defaults.ts'
import { audience as identifier, issuerSettings } from './issuer.ts'
import type { MtlsRules } from '../bind/mtls/mtls.ts'
import { dpopSettings } from './dpop.ts'
import { checkFapi, FAPI_ALGORITHMS } from './fapi.ts'
import { checkMcp } from './mcp.ts'
import { mtls } from './mtls.ts'
import type { ResourceServerOptions } from './options.ts'
import { challenge, challengeSettings, cors, credentialRules, credentials } from './requests.ts'
import { type CheckedMetadata, metadataSettings, resourceMetadata, resourcesOf } from './resource.ts'
import { type ScopeImplications, scopeImplications } from './scope-implications.ts'
import type { CacheSettings, IssuerSettings, Ports, ResilienceSettings, Settings } from './settings.ts'

/** The options one by one; {@link resolveSettings} then looks at them together. */
interface CheckedOptions {
  readonly issuer: string | undefined
  readonly issuers: readonly unknown[] | undefined
  readonly audience: readonly string[] | undefined
  readonly audienceMatch: 'exact' | 'canonical'
  readonly profile: 'mcp' | 'fapi2' | undefined
  readonly resource: readonly string[] | undefined
  readonly resourceMetadata: CheckedMetadata
  readonly scopeImplies: ScopeImplications | undefined
  readonly clockSkew: number
  readonly maxTokenLength: number
  readonly maxTokenLifetime: number
  readonly resilience: ResilienceSettings
  readonly cache: CacheSettings
  readonly challenge: ReturnType<typeof challenge>
  readonly credentials: ReturnType<typeof credentials>
  readonly requireHttps: boolean | undefined
  readonly cors: ReturnType<typeof cors>
  readonly dpop: unknown
  readonly mtls: MtlsRules | undefined
  readonly observe: Observer | ((event: HoldfastEvent) => void) | undefined
  readonly store: Store | undefined
  readonly allowInsecureLoopback: boolean
  readonly denyPrivateNetworks: boolean
  readonly ports: { readonly [K in keyof Ports]: Ports[K] | undefined }
}

const rootShape = object<CheckedOptions>({
  issuer: optional(text),
  issuers: optional(list((value) => value)),
  audience: optional(oneOrMore(identifier)),
  audienceMatch: withDefault(oneOf('exact', 'canonical'), 'exact'),
  profile: optional((value, path) =>
    value === 'mcp' || value === 'fapi2'
      ? value
      : fail(path, value, `'mcp' or 'fapi2'; how JWTs look is jwt: { profile: … } of an issuer`),
  ),
  resource: optional(oneOrMore(text)),
  resourceMetadata,
  scopeImplies: optional(scopeImplications),
  clockSkew: withDefault(span('0s', '300s'), DEFAULTS.clockSkew),
  maxTokenLength: optional(integer(256, 65_536), DEFAULTS.maxTokenLength),
  maxTokenLifetime: withDefault(span('1m', '180d'), DEFAULTS.maxTokenLifetime),
  resilience,
  cache,
  challenge,
  credentials,
  requireHttps: optional(flag),
  cors,
  dpop: (value) => value,
  mtls,
  observe: optional(
    satisfying(
      (value) => typeof value === 'function' || (has('on')(value) && mayHave('attach', 'detach')(value)),
      'a function, or an object with on(event) and, where it wants them, attach(server) and detach(server)',
    ),
  ),
  store: optional(
    satisfying(
      (value) => has('load', 'save')(value) && mayHave('update')(value),
      'an object with load(name), save(name, value) and, where it can, update(name, merge)',
    ),
  ),
  allowInsecureLoopback: optional(flag, false),
  denyPrivateNetworks: optional(flag, false),
  ports: withDefault(
    object({
      clock: optional(
        satisfying(has('wall', 'monotonic', 'after'), 'an object with wall(), monotonic() and after(ms, run)'),
      ),
      random: optional(satisfying(has('next', 'id'), 'an object with next() and id()')),
      http: optional(satisfying(has('send', 'close'), 'an object with send(request) and close()')),
      signatures: optional(satisfying(has('now', 'later'), 'an object with now(check) and later(check)')),
    }),
    {},
  ),
})

/** Checks the options, fills in the defaults and freezes the result. @throws {ConfigError} */
export function resolveSettings(options: ResourceServerOptions): Settings {
  const root = rootShape(options, '')
  const { observe, profile } = root
  const requireHttps = root.requireHttps ?? (profile === 'fapi2' ? true : undefined)
  const { allowInsecureLoopback, denyPrivateNetworks } = root
  if (allowInsecureLoopback && denyPrivateNetworks) {
    throw new ConfigError(
      'options "allowInsecureLoopback" and "denyPrivateNetworks" contradict each other; write the first in tests, the second in production',
    )
  }
  const endpoints = Object.freeze({ allowInsecureLoopback, denyPrivateNetworks })
  const issuers = listed(root).map((one, index) => {
    const path = root.issuers ? `issuers[${index}]` : ''
    return issuerSettings(typeof one === 'string' ? { issuer: one } : one, {
      path,
      audience: root.audience,
      endpoints,
      profile,
    })
  })
  checkTogether(issuers)
  checkWaivers(issuers, profile)
  if (root.cache.introspected.persist && !root.store) {
    throw new ConfigError(
      `option "cache.introspected.persist" is true, and "store" is missing; write store: fileStore({ path: '…', key: … })`,
    )
  }
  const audiences = issuers.flatMap(({ audience }) => audience)
  const resources = resourcesOf(root.resource, {
    audiences,
    // Nobody connects to an identifier: it may be a private address.
    endpoints: { allowInsecureLoopback },
    metadata: root.resourceMetadata,
  })
  const { form } = root.credentials
  const skewSeconds = root.clockSkew / 1_000
  const isFapi = profile === 'fapi2'
  const dpop = dpopSettings(root.dpop, {
    resources,
    endpoints: { allowInsecureLoopback },
    algorithms: isFapi ? FAPI_ALGORITHMS : undefined,
    isOnly: isFapi && root.mtls === undefined,
  })
  if (profile === 'mcp') checkMcp({ resources, issuers, form })
  const bindable = root.mtls !== undefined || dpop !== undefined
  if (isFapi) {
    const maxAhead = dpop?.rules.maxAhead
    checkFapi({ issuers, ...root.credentials, requireHttps, allowInsecureLoopback, skewSeconds, maxAhead, bindable })
  }
  const settings: Settings = {
    issuers: Object.freeze(issuers),
    audienceMatch: root.audienceMatch,
    profile,
    resources,
    resourceMetadata: Object.freeze({
      ...metadataSettings(root.resourceMetadata, resources),
      bearerMethods: Object.freeze(form ? ['header', 'body'] : ['header']),
      certificateBound: root.mtls !== undefined,
      dpopAlgorithms: dpop?.rules.algorithms,
      dpopRequired: dpop?.isRequired,
      requireHttps,
    }),
    scopeImpliedBy: root.scopeImplies,
    challenge: challengeSettings(root.challenge, resources[0] ?? audiences[0]!, root.cors.expose, dpop),
    credentials: credentialRules(root.credentials, root.maxTokenLength, requireHttps, dpop !== undefined),
    dpop,
    mtls: root.mtls,
    bindingRequired: isFapi || root.mtls?.isRequired === true || dpop?.isRequired === true,
    advisesHttps: requireHttps === undefined,
    maxTokenLifetime: root.maxTokenLifetime,
    skewSeconds,
    resilience: root.resilience,
    cache: root.cache,
    endpoints,
    observer: typeof observe === 'function' ? Object.freeze({ on: observe }) : observe,
    store: root.store,
    ports: completed(root.ports, root),
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
  checkDecryptionKeys(issuers.map(({ issuer, jwt }) => ({ issuer, decryption: jwt?.decryption })))
  checkDisjoint(opaque.flatMap(({ issuer, accepts: rule }) => (rule ? [{ issuer, rule }] : [])))
}

/** @throws {ConfigError} for a waiver where nothing would be asked without it. */
function checkWaivers(issuers: readonly IssuerSettings[], profile: Settings['profile']): void {
  if (profile === 'fapi2') return
  const waiving = issuers.find(({ jwt }) => jwt?.waiveRevocation === true)
  if (!waiving) return
  throw new ConfigError(
    `option "jwt.waiveRevocation" of ${JSON.stringify(waiving.issuer)} is about profile 'fapi2', which is not written; leave it out`,
  )
}

function completed(
  given: CheckedOptions['ports'],
  { resilience: { maxInFlight, connectTimeout }, denyPrivateNetworks }: CheckedOptions,
): Ports {
  const http = given.http ?? undiciHttp({ connections: maxInFlight, connectTimeout })
  return Object.freeze({
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
    http: denyPrivateNetworks ? publicHttp(http) : http,
    signatures: given.signatures ?? systemSignatures(),
  })
}

/** Written once for all that is ever sent. */
function publicHttp(http: Http): Http {
  return {
    send: (request) => http.send({ ...request, denyPrivateNetworks: true }),
    close: () => http.close(),
  }
}
