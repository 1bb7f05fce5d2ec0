import type { Api } from './demo.ts'
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

/**
 * Sends the same request to every API and compares what comes back.
 *
 * @param what The token in words, for the reader.
 */
export type Expect = (request: Request, what: string, token: string | undefined, expected: string) => Promise<void>

/** @param report Hears of each step as it is done. */
export function expectations(section: string, apis: readonly Api[], report: (step: Step) => void): Expect {
  return async (request, what, token, expected) => {
    const results = apis.map(async (api): Promise<Result> => {
      const got = await send(api, request, token)
      return { api: api.name, got, ok: got === expected }
    })
    const sent = what === '' ? request : `${request}, ${what}`
    report({ section, sent, expected, results: await Promise.all(results) })
  }
}

/** Milliseconds. Nothing in the tour takes longer. */
const PATIENCE = 5_000

async function send({ url }: Api, request: Request, token: string | undefined): Promise<string> {
  const [method, path] = request.split(' ') as [string, string]
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(PATIENCE),
    })
    return await outcomeOf(response)
  } catch (error) {
    return `no answer (${(error as Error).name})`
  }
}
