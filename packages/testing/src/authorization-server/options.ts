import {
  type Clock,
  type ClientAuthentication,
  clientSecretBasic,
  type Http,
  inlineSignatures,
  type IntrospectionOptions,
  type IssuerOptions,
  type ResourceServerOptions,
  type SharedServerOptions,
  unauthenticated,
} from '@holdfast/core'
import { seededRandom } from '../seeded-random.ts'
import type { SigningAlgorithm } from './algorithms.ts'
import type { TestClient } from './client.ts'

/**
 * Options of a resource server that differ from the usual ones: those of the server, and beside them those of its one
 * issuer, which is the test's.
 */
export interface OptionsOverrides
  extends SharedServerOptions, Omit<IssuerOptions, 'issuer' | 'audience' | 'introspection'> {
  /** Joined with the usual client; `false` for no introspection at all. */
  readonly introspection?: Partial<IntrospectionOptions> | false
  /** Instead of the server's. */
  readonly audience?: string | readonly string[]
}

/** The same for one issuer among several. */
export type IssuerOverrides = Omit<Partial<IssuerOptions>, 'issuer' | 'introspection'> &
  Pick<OptionsOverrides, 'introspection'>

export interface OptionsParts {
  readonly issuer: string
  readonly audience: string | readonly string[]
  readonly algorithms: readonly SigningAlgorithm[] | undefined
  readonly opaquePrefix: string
  /** `undefined` when clients are not authenticated. */
  readonly client: TestClient | undefined
  readonly clock: Clock
  /** `undefined` for real sockets. */
  readonly http: Http | undefined
  readonly seed: number | string
}

export function issuerOptions(parts: OptionsParts, overrides: IssuerOverrides = {}): IssuerOptions {
  const { introspection = {}, ...others } = overrides
  const { algorithms, opaquePrefix } = parts
  return {
    issuer: parts.issuer,
    ...(algorithms === undefined ? {} : { jwt: { algorithms } }),
    ...(opaquePrefix === '' || introspection === false ? {} : { accepts: { prefix: opaquePrefix } }),
    ...(introspection === false
      ? {}
      : { introspection: { client: clientAuthentication(parts.client), ...introspection } }),
    ...defined(others),
  }
}

export function resourceServerOptions(parts: OptionsParts, overrides: OptionsOverrides = {}): ResourceServerOptions {
  const { jwt, introspection, accepts, scopeClaims, requiredClaims, kind, metadataUrl, tls, ...others } = overrides
  const { pinEndpoints, strictHttpCache, ports, ...server } = others
  const own = {
    jwt,
    introspection,
    accepts,
    scopeClaims,
    requiredClaims,
    kind,
    metadataUrl,
    tls,
    pinEndpoints,
    strictHttpCache,
  }
  const { http, clock, seed } = parts
  return {
    audience: parts.audience,
    ...(parts.issuer.startsWith('http:') ? { allowInsecureLoopback: true } : {}),
    ...defined(server),
    issuers: [issuerOptions(parts, defined(own))],
    ports: {
      clock,
      random: seededRandom(seed),
      // A thread pool would settle at a time of its own.
      ...(http === undefined ? {} : { http, signatures: inlineSignatures }),
      ...ports,
    },
  }
}

function clientAuthentication(client: TestClient | undefined): ClientAuthentication {
  return client ? clientSecretBasic(client.id, client.secret) : unauthenticated()
}

/** Without members that are `undefined`, which would hide what they stand in front of. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
