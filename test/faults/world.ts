import {
  AuthError,
  clientSecretBasic,
  createResourceServer,
  type Evidence,
  type HoldfastEvent,
  inlineSignatures,
  type IssuerOptions,
  type IssuerStatus,
  type Reason,
} from '@holdfast/core'
import { type Certificate, faultProxy, type FaultProxy, seededRandom, testClock } from '@holdfast/testing'
import { generate } from 'selfsigned'
import { AUDIENCE, type AuthorizationServer, oidcProvider, testServer } from './authorization-servers.ts'
import type { Cell } from './cells.ts'
import { network } from './network.ts'

/** What a request to the API came to. */
export interface Seen {
  readonly status: number
  readonly reason: Reason | undefined
  readonly evidence: Pick<Evidence, 'by' | 'source' | 'stale'> | undefined
  readonly challenge: string | undefined
  /** Seconds. */
  readonly retryAfter: number | undefined
  /** True when it was answered synchronously. */
  readonly atOnce: boolean
  /** Virtual milliseconds. */
  readonly elapsed: number
}

/** One cell's own world: a resource server, real sockets, a proxy for each endpoint, a real issuer, and virtual time. */
export interface World {
  /** A new token, never seen by the resource server. */
  mint(): Promise<string>
  /** A request to the API; virtual time passes until it is answered. */
  ask(token: string): Promise<Seen>
  /** Virtual time jumps, as when a machine was asleep; what became due then happens. */
  jump(ms: number): Promise<void>
  /** Virtual time passes. */
  pass(ms: number): Promise<void>
  /** Virtual time passes until no request is under way. */
  rest(): Promise<void>
  /** The cell's weather begins. */
  strike(): Promise<void>
  /** It ends. A wall clock that jumped stays where it is. */
  recover(): Promise<void>
  /** Requests that were sent to the struck endpoint. */
  readonly sent: number
  /** Requests that the proxy before it read. */
  readonly arrived: number
  readonly events: readonly HoldfastEvent[]
  readonly status: IssuerStatus
  /** Metadata and keys are loaded. */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Milliseconds by which virtual time moves where somebody waits: fine enough for every bound. */
const STEP = 50
const HOUR = 3_600_000
const FEW = { entries: 100 }

const certificates: { readonly own: Certificate; readonly foreign: Certificate } = {
  own: await certificate({ type: 7, ip: '127.0.0.1' }),
  foreign: await certificate({ type: 2, value: 'other.test' }),
}

export async function world(cell: Cell): Promise<World> {
  const { weather, target } = cell
  // oidc-provider refuses to introspect JWTs; everything else stands before it.
  const as = await (cell.kind === 'JWT' && target === 'introspection' ? testServer() : oidcProvider())
  // An hour after the tokens were issued, so that a wall clock set back is not before that.
  const clock = testClock({ start: Date.now() + HOUR })
  const proxies = await proxiesBefore(as, { clock, tls: weather.tls ? certificates.own : undefined })
  const struck = proxies[target]
  const net = network(Object.values(proxies))
  const events: HoldfastEvent[] = []
  const server = createResourceServer({
    audience: AUDIENCE,
    issuers: [issuerOptions(cell, as, proxies.discovery.url)],
    resilience: { keysHardBound: '2h' },
    cache: { introspected: FEW, jwts: FEW, negative: FEW, revocations: FEW }, // quicker to build
    allowInsecureLoopback: true,
    observe: (event) => void events.push(event),
    ports: { clock, random: seededRandom(1), http: net.http, signatures: inlineSignatures },
  })

  async function answered(token: string): Promise<Omit<Seen, 'elapsed'>> {
    const request = { rawHeaders: ['authorization', `Bearer ${token}`] }
    const tried = server.tryAuthenticate(request)
    const atOnce = tried !== undefined
    try {
      if (tried instanceof AuthError) throw tried
      const { by, source, stale } = (tried ?? (await server.authenticate(request))).evidence
      const evidence = { by, source, stale }
      return { status: 200, reason: undefined, evidence, challenge: undefined, retryAfter: undefined, atOnce }
    } catch (error) {
      const { status, headers } = server.answer(error)
      const reason = error instanceof AuthError ? error.reason : undefined
      const retryAfter = headers['retry-after'] === undefined ? undefined : Number(headers['retry-after'])
      return { status, reason, evidence: undefined, challenge: headers['www-authenticate'], retryAfter, atOnce }
    }
  }

  async function pass(ms: number): Promise<void> {
    await clock.advance(`${ms}ms`)
    await net.calm()
  }

  return {
    mint: () => as.mint(cell.kind),
    async ask(token) {
      const begun = clock.monotonic()
      const seen: Seen[] = []
      void answered(token).then((answer) => seen.push({ ...answer, elapsed: clock.monotonic() - begun }))
      for (await net.calm(); seen.length === 0; await pass(STEP)) {
        if (clock.monotonic() - begun > HOUR) throw new Error('the request is never answered')
      }
      return seen[0]!
    },
    async jump(ms) {
      void clock.advance(`${ms}ms`)
      await net.calm()
    },
    pass,
    async rest() {
      while (net.underWay > 0) await pass(STEP)
    },
    async strike() {
      if (weather.fault) await struck.inject(weather.fault(certificates))
      if (weather.dns) net.forget(struck.url)
      if (weather.wallJump !== undefined) clock.setWall(clock.wall() + weather.wallJump)
      await net.calm()
    },
    async recover() {
      await struck.recover()
      net.forget(undefined)
      await net.calm()
    },
    get sent() {
      return net.sentTo(struck.url)
    },
    get arrived() {
      return struck.calls.length
    },
    events,
    get status() {
      return server.status().issuers[0]!
    },
    async ready() {
      await server.ready()
      await net.calm()
    },
    async close() {
      await server.close()
      await Promise.all([...Object.values(proxies).map((proxy) => proxy.close()), as.close()])
    },
  }
}

type Proxies = Readonly<Record<Cell['target'], FaultProxy>>

/** Each endpoint has an address of its own, so that a fault of one port strikes one endpoint. */
async function proxiesBefore(
  as: AuthorizationServer,
  { clock, tls }: { clock: ReturnType<typeof testClock>; tls: Certificate | undefined },
): Promise<Proxies> {
  const shared = { upstream: as.origin, clock, ...(tls ? { tls } : {}) }
  const [keySet, introspection] = await Promise.all([faultProxy(shared), faultProxy(shared)])
  const metadata = {
    jwks_uri: `${keySet.url}${as.paths.keys}`,
    introspection_endpoint: `${introspection.url}${as.paths.introspection}`,
  }
  return { discovery: await faultProxy({ ...shared, metadata }), 'key set': keySet, introspection }
}

/** What a cell does not ask for is not loaded: it meets the endpoint that is struck, and those on the way to it. */
function issuerOptions({ kind, target, weather }: Cell, as: AuthorizationServer, discovery: string): IssuerOptions {
  const issuer = as.serveAs(discovery)
  const introspects = kind === 'opaque' || target === 'introspection'
  // A function, because secrets that come from one are read once more on 401.
  const client = clientSecretBasic(as.client.id, () => as.client.secret)
  return {
    issuer,
    ...(issuer === discovery ? {} : { metadataUrl: `${discovery}/.well-known/oauth-authorization-server` }),
    jwt: kind === 'opaque' ? false : { mode: introspects ? 'online' : 'offline' },
    ...(introspects ? { introspection: { client } } : {}),
    ...(weather.tls ? { tls: { ca: certificates.own.cert } } : {}),
  }
}

async function certificate(name: { type: 7; ip: string } | { type: 2; value: string }): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'test' }], {
    keySize: 2_048,
    extensions: [{ name: 'subjectAltName', altNames: [name] }],
  })
  return { cert, key }
}
