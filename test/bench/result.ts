/** What the samples of a result count: microseconds of CPU or wall time per operation, operations per second, octets, calls. */
export type Measure = 'cpu' | 'wall' | 'throughput' | 'bytes' | 'calls'

/** One subject in one row, measured in rounds that were interleaved with those of its baseline. */
export interface Result {
  /** What was done, such as `hot RS256`. */
  readonly row: string
  /** Who did it, such as `holdfast` or `jose`. */
  readonly subject: string
  readonly node: string
  /** Medians over the rounds, for one operation. */
  readonly cpuMicros: number
  readonly wallMicros: number
  /** Median over the rounds of subject to baseline, round by round, in what `measure` counts. */
  readonly ratio: number
  /** The subject of the same row that `ratio` compares with. */
  readonly baseline: string
  readonly measure: Measure
  /** One figure for each round, in what `measure` counts: any two subjects of a row can be compared round by round. */
  readonly samples: readonly number[]
  /** Whatever else was seen, such as `p99Millis`. */
  readonly figures?: Readonly<Record<string, number>>
}

export interface SuiteSettings {
  /** A few rounds, to see that everything runs; the figures mean little. */
  readonly quick: boolean
  /** Only rows whose name contains this text. */
  readonly only: string | undefined
  /** Says what is being measured. */
  readonly say: (line: string) => void
}

/** Measures its rows on the Node that runs it. */
export type Suite = (settings: SuiteSettings) => Promise<readonly Result[]>
