import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector, Pool } from 'undici'
import { isPublicAddress } from '../syntax/address.ts'
import { Ending } from './ending.ts'
import {
  HttpError,
  type Http,
  type HttpErrorKind,
  type HttpRequest,
  type HttpResponse,
  type TlsIdentity,
} from './http.ts'
import { Exchange } from './undici-exchange.ts'

export interface UndiciHttpOptions {
  /** Sockets per origin. */
  readonly connections: number
  /** Milliseconds until a connection attempt is given up. */
  readonly connectTimeout: number
  /** How names become addresses. Default: the machine's way, `dns.lookup`. */
  readonly lookup?: LookupFunction
}

/** Idle sockets go before the 5 s after which common servers close them under us. */
const KEEP_ALIVE_MS = 3_500
/** Exchanges end by their signal; this is only the last resort for a signal that never fires. */
const LAST_RESORT_MS = 60_000
/** URLs whose pool is remembered. */
const MAX_TARGETS = 1_000

/** Where the requests of one URL go. */
interface Target {
  readonly lane: string
  readonly tls: TlsIdentity | undefined
  readonly denies: boolean
  readonly pool: Pool
  readonly path: string
}

const denies = ({ denyPrivateNetworks = false }: HttpRequest): boolean => denyPrivateNetworks

/** The network over undici: one pool per origin, lane and client certificate; certificates are always checked. */
export function undiciHttp(options: UndiciHttpOptions): Http {
  const pools = new Map<TlsIdentity | undefined, Map<string, Pool>>()
  const targets = new Map<string, Target>()
  const { lookup } = options
  let closed = false

  function connector(tls: TlsIdentity | undefined, by: LookupFunction | undefined): buildConnector.connector {
    const { connectTimeout: timeout } = options
    // Whatever the process allows elsewhere (RFC 9325 §3.1.1).
    const known = { timeout, allowH2: false, minVersion: 'TLSv1.2', ...tlsOf(tls), ...(by && { lookup: by }) } as const
    return watched(buildConnector(known))
  }

  function poolFor(origin: string, { lane, tls, denyPrivateNetworks = false }: HttpRequest): Pool {
    let byLane = pools.get(tls)
    if (!byLane) pools.set(tls, (byLane = new Map()))
    // A socket that may lead anywhere is not for a request that may not.
    const name = `${origin} ${denyPrivateNetworks} ${lane}`
    let pool = byLane.get(name)
    if (!pool) {
      pool = new Pool(origin, {
        connections: options.connections,
        pipelining: 1,
        allowH2: false,
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
        headersTimeout: LAST_RESORT_MS,
        bodyTimeout: LAST_RESORT_MS,
        connect: denyPrivateNetworks ? publicOnly(connector(tls, publicLookup(lookup))) : connector(tls, lookup),
      })
      byLane.set(name, pool)
    }
    return pool
  }

  /** Where a URL leads, remembered: to parse it takes 1 µs. */
  function targetOf(request: HttpRequest): Target {
    const known = targets.get(request.url)
    if (known && known.lane === request.lane && known.tls === request.tls && known.denies === denies(request))
      return known
    const { origin, pathname, search } = new URL(request.url)
    const target = {
      lane: request.lane,
      tls: request.tls,
      denies: denies(request),
      pool: poolFor(origin, request),
      path: `${pathname}${search}`,
    }
    if (targets.size >= MAX_TARGETS) targets.clear()
    targets.set(request.url, target)
    return target
  }

  return {
    send: (request) =>
      new Promise<HttpResponse>((resolve, reject) => {
        if (closed) throw new HttpError('aborted')
        const { method, headers, body = null, maxBytes } = request
        const { pool, path } = targetOf(request)
        const { ending, leave } = endingOf(request)
        const exchange = new Exchange({
          maxBytes,
          ending,
          answered: (response) => {
            leave?.()
            resolve(response)
          },
          failed: (cause, began) => {
            leave?.()
            reject(cause instanceof HttpError ? cause : httpError(cause, ending.over, began))
          },
        })
        pool.dispatch({ method, path, headers, body }, exchange)
      }),
    async close() {
      closed = true
      const all = [...pools.values()].flatMap((byLane) => [...byLane.values()])
      pools.clear()
      targets.clear()
      await Promise.all(all.map((pool) => pool.destroy()))
    },
  }
}

function tlsOf(tls: TlsIdentity | undefined): {
  cert?: string | Buffer
  key?: string | Buffer
  ca?: (string | Buffer)[]
} {
  if (!tls) return {}
  return {
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.ca === undefined ? {} : { ca: Array.isArray(tls.ca) ? [...tls.ca] : [tls.ca as string | Buffer] }),
  }
}

/** A connection is not even tried: the server behind a private address hears nothing of us. */
function denied(): Error {
  return Object.assign(new Error('the address is private'), { code: 'ERR_ADDRESS_DENIED' })
}

/** An address in the URL itself is looked up by nobody. */
function publicOnly(connect: buildConnector.connector): buildConnector.connector {
  return (options, done) => {
    const host = options.hostname.replace(/^\[(.*)\]$/, '$1')
    if (isIP(host) !== 0 && !isPublicAddress(host)) return done(denied(), null)
    connect(options, done)
  }
}

/** Looks a name up for exactly one connection, so that no later answer can lead it elsewhere. */
function publicLookup(lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found, family = 0) => {
      if (error) return done(error, '')
      const all = typeof found === 'string' ? [{ address: found, family }] : found
      const open = all.filter(({ address }) => isPublicAddress(address))
      const [first] = open
      if (!first) return done(denied(), '')
      if (options.all === true) return done(null, open)
      done(null, first.address, first.family)
    })
  }
}

/** The request's own, or one that follows its signal; `leave` ends that. */
function endingOf(request: HttpRequest): { readonly ending: Ending; readonly leave?: () => void } {
  if (request.ending?.isOf(request) === true) return { ending: request.ending }
  const { signal } = request
  const ending = new Ending()
  const end = (): void => ending.end()
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return { ending, leave: () => signal.removeEventListener('abort', end) }
}

const KINDS: Readonly<Record<string, HttpErrorKind>> = {
  ERR_ADDRESS_DENIED: 'address_denied',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  ETIMEDOUT: 'connect',
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_ABORTED: 'aborted',
}

interface SocketFacts {
  readonly bytesRead?: number
}

/** What broke which socket: undici tells it of an orderly end, and not of a reset. */
const brokenSockets = new WeakMap<object, SocketFacts>()

function watched(connect: buildConnector.connector): buildConnector.connector {
  return (options, done) => {
    connect(options, (...outcome) => {
      const [, socket] = outcome
      socket?.once('error', (error) => brokenSockets.set(error, { bytesRead: socket.bytesRead }))
      done(...outcome)
    })
  }
}

function httpError(cause: unknown, over: boolean, answered: boolean): HttpError {
  if (over) return new HttpError('timeout', { cause })
  const { code, socket = brokenSockets.get(cause as object) } = cause as { code?: string; socket?: SocketFacts }
  const kind = KINDS[code ?? ''] ?? (isTls(code) ? 'tls' : 'protocol')
  // A socket that has carried an answer before was closed by a server that had had enough of it, not by trouble.
  return new HttpError(kind, { cause, reusedSocket: kind === 'reset' && !answered && (socket?.bytesRead ?? 0) > 0 })
}

function isTls(code: string | undefined): boolean {
  return code !== undefined && /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code)
}
