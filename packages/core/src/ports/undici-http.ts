import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector, Pool } from 'undici'
import { isPublicAddress } from '../syntax/address.ts'
import {
  HttpError,
  type Http,
  type HttpErrorKind,
  type HttpRequest,
  type HttpResponse,
  type TlsIdentity,
} from './http.ts'

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

/** The network over undici: one pool per origin, lane and client certificate; certificates are always checked. */
export function undiciHttp(options: UndiciHttpOptions): Http {
  const pools = new Map<TlsIdentity | undefined, Map<string, Pool>>()
  const { lookup } = options
  let closed = false

  function connector(tls: TlsIdentity | undefined, by: LookupFunction | undefined): buildConnector.connector {
    const known = { timeout: options.connectTimeout, allowH2: false, ...tlsOf(tls), ...(by ? { lookup: by } : {}) }
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

  return {
    async send(request) {
      if (closed) throw new HttpError('aborted')
      const url = new URL(request.url)
      let answered = false
      try {
        const answer = await poolFor(url.origin, request).request({
          method: request.method,
          path: `${url.pathname}${url.search}`,
          headers: request.headers,
          body: request.body ?? null,
          signal: request.signal,
        })
        answered = true
        const body = await readAtMost(answer.body, request.maxBytes)
        return { status: answer.statusCode, headers: joined(answer.headers), body } satisfies HttpResponse
      } catch (cause) {
        throw cause instanceof HttpError ? cause : httpError(cause, request.signal, answered)
      }
    },
    async close() {
      closed = true
      const all = [...pools.values()].flatMap((byLane) => [...byLane.values()])
      pools.clear()
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

async function readAtMost(body: AsyncIterable<Buffer> & { destroy(): unknown }, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) {
      body.destroy()
      throw new HttpError('too_large')
    }
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
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

function httpError(cause: unknown, signal: AbortSignal, answered: boolean): HttpError {
  if (signal.aborted) return new HttpError('timeout', { cause })
  const { code, socket = brokenSockets.get(cause as object) } = cause as { code?: string; socket?: SocketFacts }
  const kind = KINDS[code ?? ''] ?? (isTls(code) ? 'tls' : 'protocol')
  // A socket that has carried an answer before was closed by a server that had had enough of it, not by trouble.
  return new HttpError(kind, { cause, reusedSocket: kind === 'reset' && !answered && (socket?.bytesRead ?? 0) > 0 })
}

function isTls(code: string | undefined): boolean {
  return code !== undefined && /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code)
}
