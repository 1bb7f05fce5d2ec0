import { twoCores } from '../http/child.ts'
import { interleaved, type Passes, readOff } from '../passes.ts'
import type { Result, Suite } from '../result.ts'
import type { Burst, BurstSubject } from './event-loop/messages.ts'
import { inProcess, inServer, type Place } from './event-loop/places.ts'
import { ALGORITHMS, type Alg } from './micro/tokens.ts'

const SUBJECTS: readonly BurstSubject[] = ['holdfast', 'synchronous']
const BASELINE = 'synchronous'

/** Nine, of which one at either end may be the machine's doing; ES384 takes most of a millisecond for each token. */
const FULL = { passes: 9, passesOfES384: 6, bursts: 50 }
const QUICK = { passes: 1, passesOfES384: 1, bursts: 2 }

/**
 * 64 requests with new tokens at once: the delay of the event loop and the throughput, beside the same requests verified
 * on the event loop.
 *
 * In process they come in one turn of the event loop, as from sockets that became readable while it was busy. The other
 * way takes a burst in one turn, too: a yield between requests that wait in the same turn would hide their delay, not
 * shorten it. In a server 64 connections have each a request on its way at all times.
 */
export const run: Suite = async ({ quick, only = '', say }) => {
  const { passes, passesOfES384, bursts } = quick ? QUICK : FULL
  const results: Result[] = []
  for (const { suffix, algorithms, open } of placesOf(say)) {
    const wanted = algorithms.filter((alg) => Object.values(rowNames(alg, suffix)).some((name) => name.includes(only)))
    if (wanted.length === 0) continue
    const { prepare, play, close } = open()
    try {
      for (const alg of wanted) {
        say(`event loop: burst ${alg}${suffix}`)
        await prepare(alg, bursts)
        for (const subject of SUBJECTS) await play(subject, bursts) // until the compiler is done with it
        const count = alg === 'ES384' ? passesOfES384 : passes
        const played = await interleaved(SUBJECTS, count, (subject) => play(subject, bursts))
        results.push(...resultsOf(rowNames(alg, suffix), played))
      }
    } finally {
      await close()
    }
  }
  return results.filter(({ row }) => row.includes(only))
}

function placesOf(say: (line: string) => void): readonly Place[] {
  const cores = twoCores()
  const anywhere: Place = { suffix: '', algorithms: ALGORITHMS, open: inProcess(undefined) }
  if (cores) {
    return [
      anywhere,
      { suffix: ', one core', algorithms: ALGORITHMS, open: inProcess(cores[0]) },
      { suffix: ', in a server, one core', algorithms: ['RS256', 'ES256'], open: inServer(cores) },
    ]
  }
  say('event loop: taskset or a second core is missing: nothing is measured on one core')
  return [anywhere]
}

interface RowNames {
  readonly delay: string
  readonly throughput: string
}

function rowNames(alg: Alg, suffix: string): RowNames {
  return { delay: `burst ${alg}, delay${suffix}`, throughput: `burst ${alg}, throughput${suffix}` }
}

/** Event-loop delay at p99 in microseconds, pooled over the bursts of a pass; and verifications per second. */
function resultsOf({ delay, throughput }: RowNames, passes: Passes<Burst>): Result[] {
  const shared = { baseline: BASELINE, cpu: (burst: Burst) => burst.cpuMicros }
  return [
    ...readOff(passes, {
      ...shared,
      row: delay,
      measure: 'wall',
      sample: ({ p99Millis }) => p99Millis * 1_000,
      wall: ({ p99Millis }) => p99Millis * 1_000,
      figures: ({ p50Millis, p99Millis }) => ({ p50Millis, p99Millis }),
    }),
    ...readOff(passes, {
      ...shared,
      row: throughput,
      measure: 'throughput',
      sample: ({ wallMicros }) => 1_000_000 / wallMicros,
      wall: ({ wallMicros }) => wallMicros,
    }),
  ]
}
