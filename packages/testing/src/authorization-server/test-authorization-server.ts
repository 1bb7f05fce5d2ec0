import type { Duration, Http, IssuerOptions, ResourceServerOptions } from '@holdfast/core'
import { shiftedClock } from '../clock/shifted-clock.ts'
import { type TestClock, testClock } from '../clock/test-clock.ts'
import { milliseconds } from '../duration.ts'
import { seededRandom } from '../seeded-random.ts'
import type { SigningAlgorithm } from './algorithms.ts'
import { callLog, type Calls, type Endpoint, type RecordedCall } from './calls.ts'
import { authenticates, type TestClient } from './client.ts'
import { dpopClient, type DpopClient, type DpopClientOptions } from './dpop-client.ts'
import { endpoints, endpointUrls } from './endpoints.ts'
import { type AddKeyOptions, keyRing, type PublicJwkSet, type TestKey } from './key-ring.ts'
import { listener, type Listener } from './listener.ts'
import { memoryHttp } from './memory-http.ts'
import {
  issuerOptions,
  type IssuerOverrides,
  type OptionsOverrides,
  type OptionsParts,
  resourceServerOptions,
} from './options.ts'
import { type JwtTokenOptions, type OpaqueTokenOptions, type AnswerSigningOptions, tokens } from './tokens.ts'
import { type CannedAnswer, type Fault, weather, wireAnswer } from './weather.ts'

export interface TestAuthorizationServerOptions {
  /** The identifier of the API under test: `aud` of the tokens, and what `options()` asks for. */
  readonly audience: string | readonly string[]
  /** Default `'https://as.test'`; with `listen` it is `http://127.0.0.1:PORT` and cannot be chosen. */
  readonly issuer?: string
  /** Default: `testClock()`, with `listen` `shiftedClock()`. */
  readonly clock?: TestClock
  /** Serves real sockets on 127.0.0.1 instead of memory. Default false. */
  readonly listen?: boolean
  /** One published key for each, and what `options()` allows. Default: an ES256 key, and what core allows by default. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /**
   * How the introspection endpoint knows the resource server, by `client_secret_basic` or `client_secret_post`.
   * `'none'`: not at all. A function decides for itself, such as on a client assertion; then give `options()` the
   * `introspection.client` to go with it. Default: `{ id: 'test-resource-server', secret: 'test-secret' }`.
   */
  readonly client?: Partial<TestClient> | 'none' | ((call: RecordedCall) => boolean)
  /** What opaque tokens begin with; needed where a resource server has several issuers of them. Default: nothing. */
  readonly opaquePrefix?: string
  /** Metadata members; `undefined` removes one. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Makes token identifiers and the jitter of the resource server reproducible. Default 1. */
  readonly seed?: number | string
}

/** An OAuth 2.0 authorization server as a resource server sees it: metadata, keys, introspection; and its weather. */
export interface TestAuthorizationServer {
  readonly issuer: string
  readonly clock: TestClock
  /** Core's network port, answered in memory. */
  readonly http: Http
  /** Options for `createResourceServer`: this issuer with JWTs and introspection, its clock and its network. */
  options(overrides?: OptionsOverrides): ResourceServerOptions
  /** The issuer alone, for a resource server with several. */
  issuerOptions(overrides?: IssuerOverrides): IssuerOptions
  /** The client that introspection expects. */
  readonly client: TestClient

  // --- tokens ------------------------------------------------------------------------------------------------------

  /** A JWT access token (RFC 9068), signed with the newest published key. Introspection knows it, too. */
  jwt(options?: JwtTokenOptions): string
  /** An opaque access token, known to introspection. */
  opaque(options?: OpaqueTokenOptions): string
  /** Introspection calls the token inactive from now on. @throws {TypeError} for a token that was not minted here. */
  revoke(token: string): void
  /**
   * An introspection answer as a signed JWT (RFC 9701), for `respond()`. The server itself signs its answers for whoever
   * asks for that: `as.options({ introspection: { signed: { algorithm: 'ES256' } } })`.
   */
  signedAnswer(answer: object, options?: AnswerSigningOptions): string

  /** A client with a key of its own: mints nothing, and proves that key (RFC 9449). Its time is the server's. */
  dpopClient(options?: DpopClientOptions): DpopClient

  // --- keys --------------------------------------------------------------------------------------------------------

  /** What the key endpoint publishes. */
  readonly keys: PublicJwkSet
  /** What the metadata endpoints publish. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** A new key for each published algorithm; the old ones are withdrawn, and still sign where `kid` names them. */
  rotateKeys(): readonly TestKey[]
  /** Another key, which is then the newest. */
  addKey(options?: AddKeyOptions): TestKey
  /** The key is gone. @throws {TypeError} where there is none of that name, as the next two. */
  removeKey(kid: string): void
  publishKey(kid: string): void
  /** The key is no longer published, and still signs where `kid` names it. */
  unpublishKey(kid: string): void

  // --- weather: for one endpoint, or for all where none is named ------------------------------------------------------

  /**
   * Nothing answers: connections are refused. With `listen` the port is shut while all endpoints are out; one endpoint
   * alone ends the connection without an answer.
   */
  outage(endpoint?: Endpoint): void
  /** Answers take so long: milliseconds, or a duration. Goes together with any other weather. */
  slow(by: number | Duration, endpoint?: Endpoint): void
  /** The connection is taken and no answer ever comes. */
  hang(endpoint?: Endpoint): void
  /** Answers come octet by octet. @param every Default `'1s'`. */
  drip(endpoint?: Endpoint, every?: Duration): void
  /** The connection is reset instead of an answer. */
  reset(endpoint?: Endpoint): void
  /** This answer, whatever is asked. */
  respond(endpoint: Endpoint, answer: CannedAnswer): void
  /** Introspection refuses every client: 401 `invalid_client`. */
  rejectClient(): void
  /** Introspection expects another secret from now on, as after a rotation. */
  setClientSecret(secret: string): void
  /** Fair weather. With `listen`, await it: after an outage the port has to be opened again. */
  recover(endpoint?: Endpoint): PromiseLike<void>

  /** What was asked. */
  readonly calls: Calls
  /** With `listen`: shuts the port and ends every connection. */
  close(): Promise<void>
}

const ISSUER = 'https://as.test'
const CLIENT: TestClient = Object.freeze({ id: 'test-resource-server', secret: 'test-secret' })

/**
 * A whole authorization server for tests: in memory and in virtual time, or with `listen` on real sockets.
 *
 * ```ts
 * const as = await testAuthorizationServer({ audience: 'https://api.example.com' })
 * const server = createResourceServer(as.options())
 * const token = as.opaque({ scope: 'orders:read' })
 * as.outage()
 * ```
 */
export async function testAuthorizationServer(
  options: TestAuthorizationServerOptions,
): Promise<TestAuthorizationServer> {
  const { audience, listen = false, algorithms, opaquePrefix = '', seed = 1 } = options
  if (listen && options.issuer !== undefined)
    throw new TypeError('options "issuer" and "listen" exclude each other: the port makes the issuer')
  const clock = options.clock ?? (listen ? shiftedClock() : testClock())
  const sockets: Listener | undefined = listen ? await listener(() => receive, clock) : undefined
  const issuer = sockets ? `http://127.0.0.1:${sockets.port}` : (options.issuer ?? ISSUER)

  const keys = keyRing()
  for (const alg of algorithms ?? (['ES256'] as const)) keys.add({ alg })
  let client: TestClient = typeof options.client === 'object' ? { ...CLIENT, ...options.client } : CLIENT
  let clientRejected = false
  // Two servers never mint the same token, even from the same seed.
  const random = seededRandom(`${seed} ${issuer}`)
  const minted = tokens({ issuer, audience, opaquePrefix, clientId: () => client.id, keys, clock, random })
  const sky = weather()
  const calls = callLog()

  function knows(call: RecordedCall): boolean {
    if (clientRejected) return false
    if (typeof options.client === 'function') return options.client(call)
    return options.client === 'none' || authenticates(call, client)
  }

  function metadata(): Readonly<Record<string, unknown>> {
    const urls = endpointUrls(issuer)
    return {
      issuer,
      jwks_uri: urls.keys,
      introspection_endpoint: urls.introspection,
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      response_types_supported: ['code'],
      ...options.metadata,
    }
  }

  const receive = endpoints({
    issuer,
    metadata,
    keys: () => keys.published,
    introspect: minted.introspect,
    signedAnswer: minted.signedAnswer,
    authenticates: knows,
    weather: sky,
    calls,
    clock,
  })
  const http = memoryHttp(issuer, receive, clock)

  let closed = false
  /** The port is open unless nothing at all is to be reached. */
  const door = (): Promise<void> => sockets?.open(!closed && !sky.blackout) ?? Promise.resolve()

  function turn(fault: Fault, endpoint: Endpoint | undefined, times?: number): void {
    sky.set(fault, endpoint, times)
    void door()
  }

  const optionsParts = (): OptionsParts => ({
    issuer,
    audience,
    algorithms,
    opaquePrefix,
    client: options.client === 'none' ? undefined : client,
    clock,
    http: sockets ? undefined : http,
    seed,
  })

  return {
    issuer,
    clock,
    http,
    calls,
    options: (overrides) => resourceServerOptions(optionsParts(), overrides),
    issuerOptions: (overrides) => issuerOptions(optionsParts(), overrides),
    get client() {
      return client
    },

    jwt: minted.jwt,
    opaque: minted.opaque,
    revoke: minted.revoke,
    dpopClient: (clientOptions = {}) => dpopClient(clientOptions, { clock, random }),
    signedAnswer: minted.signedAnswer,

    get keys() {
      return keys.published
    },
    get metadata() {
      return metadata()
    },
    rotateKeys: keys.rotate,
    addKey: keys.add,
    removeKey: keys.remove,
    publishKey: keys.publish,
    unpublishKey: keys.unpublish,

    outage: (endpoint) => turn({ is: 'outage' }, endpoint),
    slow: sky.slow,
    hang: (endpoint) => turn({ is: 'hang' }, endpoint),
    drip: (endpoint, every = '1s') => turn({ is: 'drip', every: milliseconds(every) }, endpoint),
    reset: (endpoint) => turn({ is: 'reset' }, endpoint),
    respond: (endpoint, answer) => turn({ is: 'respond', answer: wireAnswer(answer) }, endpoint, answer.times),
    rejectClient: () => {
      clientRejected = true
    },
    setClientSecret: (secret) => {
      client = { ...client, secret }
    },
    recover: (endpoint) => {
      sky.clear(endpoint)
      if (endpoint === undefined || endpoint === 'introspection') clientRejected = false
      return door()
    },

    close: () => {
      closed = true
      return door()
    },
  }
}
