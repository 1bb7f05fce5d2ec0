import process from 'node:process'
import type { Result } from '../result.ts'
import { median, ratios } from '../statistics.ts'
import type { HttpRow, Round } from './row.ts'

type Rounds = ReadonlyMap<string, readonly Round[]>
type Samples = ReadonlyMap<string, readonly number[]>

const BASELINE = 'no-op'
const HEADER = 'reading the header'

/**
 * Requests per second of the time that the server had its core, and a row of its own for the CPU of one request. By the
 * clock, `perSecond`, they are fewer where others use the core: on a busy machine a middleware with a thread pool then
 * got four times the core that a no-op got, and looked faster.
 */
export function outsideResults(row: HttpRow, rounds: Rounds): Result[] {
  const perSecond = samplesOf(rounds, perSecondOf)
  const cpu = samplesOf(rounds, cpuOf)
  const all = row.subjects.flatMap((subject) => {
    const played = rounds.get(subject)!
    const shared = {
      subject,
      node: process.version,
      cpuMicros: median(cpu.get(subject)!),
      wallMicros: median(played.map(({ requests, millis }) => (millis * 1_000) / requests)),
      baseline: BASELINE,
    }
    const figures = {
      perSecond: median(played.map(({ requests, millis }) => (requests / millis) * 1_000)),
      serverCpuShare: median(played.map(coreShareOf)),
      p50Millis: median(played.map(({ p50Millis }) => p50Millis)),
      p99Millis: median(played.map(({ p99Millis }) => p99Millis)),
      loadCpuShare: median(played.map(({ cpuShare }) => cpuShare)),
    }
    return [
      { row: row.name, ...shared, measure: 'throughput' as const, ...compared(perSecond, subject), figures },
      { row: `${row.name}, CPU`, ...shared, measure: 'cpu' as const, ...compared(cpu, subject) },
    ]
  })
  return all.toSorted((one, other) => one.row.length - other.row.length)
}

/** Microseconds from the call of the middleware until it calls `next`. */
export function insideResults(row: HttpRow, rounds: Rounds): Result[] {
  const inside = samplesOf(rounds, ({ insideMicros }) => insideMicros)
  return row.subjects.map((subject) => ({
    row: row.name,
    subject,
    node: process.version,
    cpuMicros: median(inside.get(subject)!),
    wallMicros: median(inside.get(subject)!),
    baseline: HEADER,
    measure: 'wall' as const,
    ...compared(inside, subject, HEADER),
  }))
}

/** What a row says about itself: how small a difference means nothing, and whether the generator kept up. */
export function remarksOn(row: HttpRow, rounds: Rounds): string[] {
  const shares = [...rounds.values()].map((played) => median(played.map(({ cpuShare }) => cpuShare)))
  const generator = `the load generator used at most ${percent(Math.max(...shares))} of its core`
  const had = median([...rounds.values()].flatMap((played) => played.map(coreShareOf)))
  if (row.timed) return [generator]
  const again = (of: (round: Round) => number): string =>
    compared(samplesOf(rounds, of), 'no-op again').ratio.toFixed(3)
  return [
    `noise floor: no-op again is ${again(perSecondOf)} of no-op in requests per second, ${again(cpuOf)} in CPU`,
    `${generator}, the server had ${percent(had)} of its own`,
  ]
}

const perSecondOf = ({ requests, cpuMicros }: Round): number => (requests / cpuMicros) * 1_000_000
const cpuOf = ({ cpuMicros, requests }: Round): number => cpuMicros / requests
const percent = (share: number): string => `${Math.round(share * 100)} %`
/** How much of its core the server had; the rest was another's, or nothing was asked. */
const coreShareOf = ({ cpuMicros, millis }: Round): number => cpuMicros / 1_000 / millis

function samplesOf(rounds: Rounds, of: (round: Round) => number): Samples {
  return new Map([...rounds].map(([subject, played]) => [subject, played.map(of)]))
}

function compared(samples: Samples, subject: string, baseline: string = BASELINE): Pick<Result, 'samples' | 'ratio'> {
  const own = samples.get(subject)!
  return { samples: own, ratio: median(ratios(own, samples.get(baseline)!)) }
}
