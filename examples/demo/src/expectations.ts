import type { ConnectionOptions } from 'node:tls'
import type { Api } from './demo.ts'
import { fetchOver } from './fetch-over.ts'
import { outcomeOf } from './outcome.ts'

/** One step of the tour: a request, what it should lead to, and what it led to at each API. */
export interface Step {
  readonly section: string
  readonly sent: string
  readonly expected: string
  readonly results: readonly Result[]
}

export interface Result {
  readonly api: string
  readonly got: string
  readonly ok: boolean
}

export type Request = `${'GET' | 'POST'} /${string}`

/** Sends a request in a way of its own. */
export type Caller = (url: string, method: string, token: string, signal: AbortSignal) => Promise<Response>

/**
 * Sends the same request to every API and compares what comes back.
 *
 * @param what The token in words, for the reader.
 * @param how How the client connects, or a client that does it by itself. Default: as Bearer, without TLS.
 */
export type Expect = (
  request: Request,
  what: string,
  token: string | undefined,
  expected: string,
  how?: ConnectionOptions | Caller,
) => Promise<void>

/** @param report Hears of each step as it is done. */
export function expectations(section: string, apis: readonly Api[], report: (step: Step) => void): Expect {
  return async (request, what, token, expected, how) => {
    const results = apis.map(async (api): Promise<Result> => {
      const got = await send(api, request, token, how)
      return { api: api.name, got, ok: got === expected }
    })
    const sent = what === '' ? request : `${request}, ${what}`
    report({ section, sent, expected, results: await Promise.all(results) })
  }
}

/** Milliseconds. Nothing in the tour takes longer. */
const PATIENCE = 5_000

async function send(
  { url, secureUrl }: Api,
  request: Request,
  token: string | undefined,
  how: ConnectionOptions | Caller | undefined,
): Promise<string> {
  const [method, path] = request.split(' ') as [string, string]
  try {
    const signal = AbortSignal.timeout(PATIENCE)
    if (typeof how === 'function') return await outcomeOf(await how(`${url}${path}`, method, token!, signal))
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const init = { method, headers, signal }
    return await outcomeOf(await (how ? fetchOver(how, `${secureUrl}${path}`, init) : fetch(`${url}${path}`, init)))
  } catch (error) {
    return `no answer (${(error as Error).name})`
  }
}
