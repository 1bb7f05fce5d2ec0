import type { ServerResponse } from 'node:http'
import type { Clock } from '@holdfast/core'
import { drip, whole } from '../authorization-server/listener.ts'
import { type WireAnswer, wireAnswer } from '../authorization-server/weather.ts'
import { milliseconds } from '../duration.ts'
import type { ExchangeFault } from './faults.ts'

/** One request under way. */
export interface Exchange {
  readonly response: ServerResponse
  /** True for a connection that has carried an answer before. */
  readonly reused: boolean
  /** The answer from behind the proxy; `undefined` when the client has gone. */
  readonly passOn: () => Promise<WireAnswer | undefined>
  /** Resets the connection. */
  readonly reset: () => void
  /** Called when the exchange has nothing to do but to wait: for the clock, or for ever. */
  readonly waits: () => void
  readonly clock: Clock
}

const MEBIBYTE = 1_048_576

/** What becomes of one request: the answer from behind, as far as the fault lets it through. */
export async function meet(exchange: Exchange, fault: ExchangeFault | undefined): Promise<void> {
  const { response, reset } = exchange
  if (fault?.is === 'silent') return exchange.waits()
  if (fault?.is === 'answer') return whole(wireAnswer(fault.answer), response)
  if (fault?.is === 'reset' && fault.when === 'request') return reset()
  if (fault?.is === 'idle-closed' && exchange.reused) return void response.destroy()
  const answer = await exchange.passOn()
  if (answer && !response.destroyed) give(answer, fault, exchange)
}

function give(answer: WireAnswer, fault: ExchangeFault | undefined, { response, clock, waits, reset }: Exchange): void {
  switch (fault?.is) {
    case 'reset':
      return reset()
    case 'slow':
      waits()
      clock.after(milliseconds(fault.by), () => void (response.destroyed || whole(answer, response)))
      return
    case 'drip':
      waits()
      return drip(answer, milliseconds(fault.every ?? '1s'), response, clock)
    case 'truncated':
      return truncate(answer, response)
    case 'oversized':
      return whole(padded(answer, fault.bytes ?? MEBIBYTE), response)
    case 'altered':
      return whole(altered(answer, fault), response)
    case 'silent':
    case 'answer':
    case 'idle-closed':
    case undefined:
      return whole(answer, response)
  }
}

function truncate({ status, headers, body }: WireAnswer, response: ServerResponse): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.write(body.subarray(0, body.length >>> 1), () => response.destroy())
}

function padded(answer: WireAnswer, bytes: number): WireAnswer {
  return { ...answer, body: Buffer.concat([answer.body, Buffer.alloc(Math.max(0, bytes - answer.body.length), ' ')]) }
}

function altered(
  answer: WireAnswer,
  { status = answer.status, headers = {}, json }: Extract<ExchangeFault, { is: 'altered' }>,
): WireAnswer {
  const body = json ? Buffer.from(JSON.stringify(json(JSON.parse(answer.body.toString('utf8')))) ?? '') : answer.body
  return { status, headers: { ...answer.headers, ...headers }, body }
}
