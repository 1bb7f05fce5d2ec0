import process from 'node:process'
import { type Passes, readOff } from '../passes.ts'
import type { Result, Suite } from '../result.ts'
import type { CallAccount, CallCost } from './introspection/messages.ts'
import { type Pass, type Place, World } from './introspection/world.ts'

const CONTROLS = ['bare', 'no-op', 'no-op again']
/** Over TLS without `fetch`, which trusts no certificate but those of its process. */
const SUBJECTS = {
  http: [...CONTROLS, 'no cache', 'ttl cache', 'fetch', 'holdfast'],
  TLS: [...CONTROLS, 'no cache', 'ttl cache', 'holdfast'],
}

const PLACES: readonly (Place & { readonly name: string })[] = [
  { name: 'introspection 50 ms, http', tls: false, delay: 50 },
  { name: 'introspection 5 ms, http', tls: false, delay: 5 },
  { name: 'introspection 0 ms, http', tls: false, delay: 0 },
  { name: 'introspection 50 ms, TLS', tls: true, delay: 50 },
  { name: 'introspection 0 ms, TLS', tls: true, delay: 0 },
]
const AHEAD = 'introspection 50 ms, asking ahead'
const CALL = 'introspection call'

const LOAD = { tokens: 1_000, connections: 100, millis: 600 }
const FULL = {
  load: LOAD,
  passes: 5,
  calls: { passes: 41, count: 800, inFlight: 100 },
  // Of 0.6 s each for two subjects: more than a minute.
  ahead: { passes: 55, fresh: 60 },
}
const QUICK = {
  load: { tokens: 50, connections: 10, millis: 20 },
  passes: 1,
  calls: { passes: 1, count: 200, inFlight: 10 },
  ahead: { passes: 40, fresh: 2 },
}

/**
 * An Express application that asks about opaque tokens: 1,000 of them over 100 connections, authorization server and load
 * on another core. Then a whole minute in turn with the bare application, so that every answer is renewed at least once
 * before it is a minute old. Last what one call costs the process that makes it: the call alone, and the whole check of
 * which it is a part.
 */
export const run: Suite = async ({ quick, only = '', say }) => {
  const { load, passes, calls, ahead } = quick ? QUICK : FULL
  const wanted = (...names: readonly string[]): boolean => names.some((name) => name.includes(only))
  const places = PLACES.filter(({ name }) => wanted(name, `${name}, p99`))
  const aheadToo = wanted(`${AHEAD}, p99`, `${AHEAD}, calls per token and minute`)
  if (places.length === 0 && !aheadToo && !wanted(CALL)) return []
  const results: Result[] = []
  const world = await World.open(say)
  try {
    for (const { name, ...place } of places) {
      say(`introspection: ${name}`)
      const subjects = SUBJECTS[place.tls ? 'TLS' : 'http']
      const played = await world.passes(place, subjects, load, passes)
      results.push(...placeResults(name, played, await accountsOf(world, subjects)))
    }
    if (aheadToo) {
      const { fresh } = ahead
      say(`introspection: ${AHEAD}, for more than ${fresh} s`)
      const played = await world.passes({ tls: false, delay: 50, fresh }, ['bare', 'holdfast'], load, ahead.passes)
      results.push(...aheadResults(played, await world.account('holdfast'), fresh))
    }
    if (wanted(CALL)) {
      say(CALL)
      const played = await world.calls(['holdfast', 'holdfast, whole check', 'undici', 'fetch'], calls)
      results.push(...callResults(played))
    }
    return results.filter(({ row }) => row.includes(only))
  } finally {
    await world.close()
  }
}

function callResults(passes: Passes<CallCost>): Result[] {
  const row = { row: CALL, baseline: 'undici', measure: 'cpu' } as const
  return readOff(passes, { ...row, sample: callCpu, cpu: callCpu, wall: ({ wallMicros }) => wallMicros })
}

type Accounts = ReadonlyMap<string, CallAccount>

async function accountsOf(world: World, subjects: readonly string[]): Promise<Accounts> {
  const accounts = new Map<string, CallAccount>()
  for (const subject of subjects) accounts.set(subject, await world.account(subject))
  return accounts
}

const perSecond = ({ requests, millis }: Pass): number => (requests / millis) * 1_000
const p99Of = ({ p99Millis }: Pass): number => p99Millis * 1_000
const callCpu = ({ cpuMicros }: CallCost): number => cpuMicros
const cpuOf = ({ cpuMicros, requests }: Pass): number => cpuMicros / requests

function placeResults(name: string, passes: Passes<Pass>, accounts: Accounts): Result[] {
  const throughput = readOff(passes, {
    row: name,
    baseline: 'no-op',
    measure: 'throughput',
    sample: perSecond,
    cpu: cpuOf,
    wall: (pass) => 1_000_000 / perSecond(pass),
    figures: ({ p50Millis, p99Millis, calls, requests, cpuShare }) => ({
      p50Millis,
      p99Millis,
      callsPerRequest: calls / requests,
      loadCpuShare: cpuShare,
    }),
  })
  const withSockets = throughput.map((result) => {
    const { calls, sockets } = accounts.get(result.subject)!
    return { ...result, figures: { ...result.figures, callsAtAll: calls, socketsAtAll: sockets } }
  })
  return [...withSockets, ...slowest(`${name}, p99`, passes)]
}

/** The hundredth request of each hundred. */
function slowest(row: string, passes: Passes<Pass>): Result[] {
  return readOff(passes, { row, baseline: 'bare', measure: 'wall', sample: p99Of, cpu: cpuOf, wall: p99Of })
}

/**
 * The passes in which answers were renewed, beside those of the bare application at about the same time; and the calls
 * for a token in the time for which an answer is fresh: a minute.
 */
function aheadResults(passes: Passes<Pass>, { minutesBetween }: CallAccount, fresh: number): Result[] {
  const asking = passes.get('holdfast')!.map(({ calls }) => calls > 0)
  if (!asking.includes(true) || minutesBetween === 0) throw new Error(`${AHEAD}: nothing was asked ahead`)
  const during = new Map([...passes].map(([subject, played]) => [subject, played.filter((_, at) => asking[at])]))
  const p99 = slowest(`${AHEAD}, p99`, during)
  const row = `${AHEAD}, calls per token and minute`
  const counted = { node: process.version, cpuMicros: 0, wallMicros: 0, ratio: 1, baseline: 'holdfast' }
  return [...p99, { row, subject: 'holdfast', ...counted, measure: 'calls', samples: [fresh / 60 / minutesBetween] }]
}
