import process from 'node:process'
import type { Measure, Result } from './result.ts'
import { median, ratios, seeded, shuffled } from './statistics.ts'

/** What every subject did, pass by pass. */
export type Passes<T> = ReadonlyMap<string, readonly T[]>

/** How a row of results is read off passes. */
export interface Reading<T> {
  readonly row: string
  readonly baseline: string
  readonly measure: Measure
  /** What is compared, in what `measure` counts. */
  readonly sample: (pass: T) => number
  /** Microseconds for one operation. */
  readonly cpu: (pass: T) => number
  readonly wall: (pass: T) => number
  readonly figures?: (pass: T) => Readonly<Record<string, number>>
}

/** Every pass runs every subject once, in an order of its own. */
export async function interleaved<T, S extends string>(
  subjects: readonly S[],
  count: number,
  play: (subject: S) => Promise<T>,
): Promise<Passes<T>> {
  const passes = new Map(subjects.map((subject) => [subject, [] as T[]]))
  const random = seeded(1)
  for (let pass = 0; pass < count; pass += 1) {
    for (const [subject, played] of shuffled([...passes], random)) played.push(await play(subject))
  }
  return passes
}

/** One result for each subject, compared with the baseline pass by pass. */
export function readOff<T>(passes: Passes<T>, reading: Reading<T>): Result[] {
  const { row, baseline, measure, sample, cpu, wall, figures } = reading
  const compared = passes.get(baseline)!.map(sample)
  return [...passes].map(([subject, played]) => {
    const samples = played.map(sample)
    return {
      row,
      subject,
      node: process.version,
      cpuMicros: median(played.map(cpu)),
      wallMicros: median(played.map(wall)),
      ratio: median(ratios(samples, compared)),
      baseline,
      measure,
      samples,
      ...(figures ? { figures: medians(played.map(figures)) } : {}),
    }
  })
}

function medians(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  return Object.fromEntries(Object.keys(all[0] ?? {}).map((name) => [name, median(all.map((one) => one[name]!))]))
}
