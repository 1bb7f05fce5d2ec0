import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { clientSecretBasic } from '@holdfast/core'
import { IntrospectionEndpoint } from '#core/introspection/endpoint'
import type { Answer } from '#core/introspection/introspector'
import { remoteIntrospector } from '#core/introspection/remote'
import { systemClock } from '#core/ports/clock'
import { systemRandom } from '#core/ports/random'
import { undiciHttp } from '#core/ports/undici-http'
import { times } from '../micro/tokens.ts'
import { type Ask, byFetch, byUndici, PATH, resourceServer, SECRET } from './asking.ts'
import type { AppMessage, CallCost, Endpoint } from './messages.ts'

/** Of the baseline. More cost it no less. */
const CONNECTIONS = 16
/** As it is by default. */
const MAX_IN_FLIGHT = 100
/** Milliseconds that no call takes: a pause of a busy machine then lowers no limit. */
const NEVER = 20_000
/** Before the clock starts, in calls for each in flight: sockets that were idle are open again. */
const LEAD_IN = 2

export interface Caller {
  readonly ask: Ask
  readonly isGood: (answer: never) => boolean
}

/** Who calls, each in its own name. */
export const callers: Readonly<Record<string, (endpoint: Endpoint) => Caller>> = {
  holdfast: (endpoint) => ({ ask: theCall(endpoint, 'holdfast'), isGood: ({ is }: Answer) => is === 'active' }),
  'holdfast, whole check': (endpoint) => ({ ask: wholeCheck(endpoint), isGood: () => true }),
  undici: (endpoint) => ({ ask: byUndici(endpoint, 'undici', CONNECTIONS), isGood: isActive }),
  fetch: (endpoint) => ({ ask: byFetch(endpoint, 'fetch'), isGood: isActive }),
}

const isActive = ({ active }: { readonly active?: unknown }): boolean => active === true

/** A call alone, as it is made for a token that nobody knows: its turn, its deadline, the request, the strict reading. */
function theCall({ issuer }: Endpoint, client: string): Ask {
  const http = undiciHttp({ connections: MAX_IN_FLIGHT, connectTimeout: 500 })
  const remote = remoteIntrospector(
    {
      issuer,
      endpoint: () => `${issuer}${PATH}`,
      client: clientSecretBasic(client, SECRET),
      parameters: {},
      tls: undefined,
      deadline: NEVER,
    },
    { http, clock: systemClock, random: systemRandom },
  )
  const endpoint = new IntrospectionEndpoint(
    remote,
    { inFlight: MAX_IN_FLIGHT, waiting: { known: 1_000, new: 256 }, slow: { never: NEVER, always: NEVER } },
    { clock: systemClock, random: systemRandom, report: () => undefined, oneSource: () => undefined },
  )
  return (token) => {
    const deadline = systemClock.monotonic() + NEVER
    return endpoint.inquire(token, token, { urgency: { is: 'new', source: undefined }, deadline }).answer
  }
}

/** All that is done for a request with a token that nobody knows. Few of them are kept, for none comes again. */
function wholeCheck(endpoint: Endpoint): Ask {
  const server = resourceServer(endpoint, 'holdfast, whole check', {
    resilience: { wait: '20s', graceWait: '20s', introspectionDeadline: '40s' },
    cache: { introspected: { entries: 100 } },
  })
  return (token) => server.authenticate({ rawHeaders: ['Authorization', `Bearer ${token}`] })
}

/** What it costs to ask so often with new tokens, so many at a time. */
export async function costOf(caller: Caller, { count, inFlight }: AppMessage & { do: 'calls' }): Promise<CallCost> {
  await all(caller, inFlight * LEAD_IN, inFlight)
  const tokens = newTokens(count)
  const before = process.cpuUsage()
  const begun = performance.now()
  await all(caller, count, inFlight, tokens)
  const { user, system } = process.cpuUsage(before)
  return { cpuMicros: (user + system) / count, wallMicros: ((performance.now() - begun) * 1_000) / count }
}

async function all({ ask, isGood }: Caller, count: number, inFlight: number, tokens = newTokens(count)): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < count) {
      const answer = await ask(tokens[next++]!)
      if (!isGood(answer as never)) throw new Error('a token is not called active')
    }
  }
  await Promise.all(times(inFlight, one))
}

const newTokens = (count: number): string[] => times(count, () => randomBytes(32).toString('base64url'))
