import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Meter } from './meter.ts'
import type { Bearer } from './population.ts'

/** Requests to one API that may wait for their answers. What is due beyond is held back, and counted. */
const MAX_IN_FLIGHT = 256
/** After so many milliseconds a caller gives up. */
const PATIENCE = 5_000

/** Calls one API for all its users, and measures. */
export interface Caller {
  readonly meter: Meter
  readonly inFlight: number
  /** @param due When the request should have gone out, by `performance.now()`: a late one counts as slow. */
  call(bearer: Bearer, due: number): void
  /** Gives up what is in flight. */
  close(): void
}

export function createCaller(url: string): Caller {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_IN_FLIGHT })
  const meter = new Meter()
  let inFlight = 0

  function exchange({ token, address }: Bearer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': address }
      const signal = AbortSignal.timeout(PATIENCE)
      httpRequest({ hostname, port, path: '/orders', agent, headers, signal }, resolve).on('error', reject).end()
    })
  }

  async function send(bearer: Bearer, due: number): Promise<void> {
    let status: number | undefined
    let age: number | undefined
    try {
      const response = await exchange(bearer)
      const body = Buffer.concat((await response.toArray()) as Buffer[])
      status = response.statusCode
      if (status === 200 && !isJwt(bearer)) age = (JSON.parse(body.toString()) as { readonly age: number }).age
    } catch {
      status = undefined // no answer in time, or half of one
    }
    inFlight -= 1
    // Good when it was sent, and refused because it no longer was: that is nobody's mistake.
    const sender = status === 401 && bearer.isRevoked() ? 'revoked' : bearer.sender
    meter.add({ sender, status, latency: performance.now() - due, age })
  }

  return {
    meter,
    get inFlight() {
      return inFlight
    },
    call(bearer, due) {
      if (inFlight >= MAX_IN_FLIGHT) {
        meter.heldBack += 1
        return
      }
      inFlight += 1
      meter.sent += 1
      void send(bearer, due)
    },
    close: () => agent.destroy(),
  }
}

const isJwt = ({ token }: Bearer): boolean => token.includes('.')
