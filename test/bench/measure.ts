import process from 'node:process'
import type { Result } from './result.ts'
import { median, ratios, seeded, shuffled } from './statistics.ts'

/** One of a row of operations; a promise is waited for before the next. `index` counts up through all rounds. */
export type Operation = (index: number) => unknown

export interface Subject {
  readonly name: string
  readonly run: Operation
  /**
   * What the operation begins with and is not to be charged for, such as making the string that a parser would have
   * made. Measured in every round like a subject, and subtracted. Default: an empty operation.
   */
  readonly from?: Operation
  /** Whether the operation did what is claimed. Asked now and then, never while the clock runs. */
  readonly expect?: (result: unknown) => boolean
}

export interface Row {
  readonly name: string
  /** The subject that the others are compared with. */
  readonly baseline: string
  readonly subjects: readonly Subject[]
  /**
   * One operation in each turn of the event loop, as where every request brings work of its own and some of it must not
   * be done twice in a turn. What an empty turn costs is subtracted, too. Default: one after another.
   */
  readonly turns?: boolean
  /** So many times the usual rounds, for a difference that is small beside the noise. Default: 1. */
  readonly patience?: number
}

export interface MeasureSettings {
  readonly rounds: number
  /** Milliseconds of CPU time for one batch: long enough for `getrusage`, short beside the drift of a machine. */
  readonly batch: number
  /** What a subject does alone before it counts: that many operations, or that many milliseconds of CPU time. */
  readonly warmUp: { readonly operations: number; readonly time: number }
  /** Rounds that do not count: what one subject teaches the compiler changes what another costs. */
  readonly warmUpRounds: number
  readonly seed: number
}

/**
 * A verification is hundreds of functions, and the compiler is done with them after some 10,000 calls: until then one costs
 * up to three times what it does for all the days that a server runs.
 */
export const USUAL: MeasureSettings = {
  rounds: 15,
  batch: 30,
  warmUp: { operations: 20_000, time: 2_500 },
  warmUpRounds: 2,
  seed: 1,
}
export const QUICK: MeasureSettings = {
  rounds: 3,
  batch: 3,
  warmUp: { operations: 20, time: 10 },
  warmUpRounds: 0,
  seed: 1,
}

interface Cost {
  /** Microseconds for one operation. */
  readonly cpu: number
  readonly wall: number
}

const empty: Operation = () => undefined

/** Every round runs one batch of every subject, in an order of its own. */
export async function measure(row: Row, settings: MeasureSettings): Promise<Result[]> {
  const runners = new Map<Operation, Runner>()
  for (const { name, run, from = empty, expect } of row.subjects) {
    runners.set(from, runners.get(from) ?? new Runner(`what ${name} begins with`, from, row))
    runners.set(run, new Runner(name, run, row, expect))
  }
  for (const runner of runners.values()) await runner.prepare(settings)
  const costs = new Map([...runners.keys()].map((operation) => [operation, [] as Cost[]]))
  const random = seeded(settings.seed)
  for (let round = -settings.warmUpRounds; round < settings.rounds * (row.patience ?? 1); round += 1) {
    for (const [operation, runner] of shuffled([...runners], random)) {
      const cost = await runner.batch()
      if (round >= 0) costs.get(operation)!.push(cost)
    }
  }
  return resultsOf(row, costs)
}

function resultsOf(row: Row, costs: ReadonlyMap<Operation, readonly Cost[]>): Result[] {
  const net = ({ run, from = empty }: Subject, kind: keyof Cost): number[] => {
    const spent = costs.get(from)!
    // Less than a nanosecond is noise; a ratio to nothing would say nothing.
    return costs.get(run)!.map((cost, round) => Math.max(0.001, cost[kind] - spent[round]![kind]))
  }
  const baseline = row.subjects.find(({ name }) => name === row.baseline)
  if (!baseline) throw new RangeError(`${row.name}: the baseline ${row.baseline} is no subject of the row`)
  const compared = net(baseline, 'cpu')
  return row.subjects.map((subject) => {
    const samples = net(subject, 'cpu')
    const subtracted = costs.get(subject.from ?? empty)!.map(({ cpu }) => cpu)
    return {
      row: row.name,
      subject: subject.name,
      node: process.version,
      cpuMicros: median(samples),
      wallMicros: median(net(subject, 'wall')),
      ratio: median(ratios(samples, compared)),
      baseline: row.baseline,
      measure: 'cpu',
      samples,
      figures: { subtractedMicros: median(subtracted) },
    }
  })
}

/** Runs an operation so often that it takes the time of one batch. */
class Runner {
  readonly #name: string
  readonly #run: Operation
  readonly #turns: boolean
  readonly #expect: ((result: unknown) => boolean) | undefined
  #waits = false
  #count = 1
  #next = 0
  #last: unknown

  constructor(name: string, run: Operation, row: Row, expect?: (result: unknown) => boolean) {
    this.#name = `${row.name}, ${name}`
    this.#run = run
    this.#turns = row.turns ?? false
    this.#expect = expect
  }

  /** Until the compiler is done with it, and with as many operations as fill a batch. */
  async prepare({ batch, warmUp }: MeasureSettings): Promise<void> {
    const first = this.#run(this.#next++)
    this.#waits = first instanceof Promise
    this.#last = await first
    this.#check()
    let spent = 0
    for (let isFilled = false; !isFilled || (spent < warmUp.time && this.#next < warmUp.operations);) {
      const { cpu } = await this.batch()
      const took = (cpu * this.#count) / 1_000
      spent += took
      isFilled = took >= batch / 4
      this.#count = isFilled ? Math.max(1, Math.round((batch * 1_000) / cpu)) : this.#count * 4
    }
  }

  async batch(): Promise<Cost> {
    const wall = process.hrtime.bigint()
    const cpu = process.cpuUsage()
    if (this.#turns) await this.#inTurns()
    else if (this.#waits) await this.#waiting()
    else this.#inARow()
    const { user, system } = process.cpuUsage(cpu)
    const nanos = Number(process.hrtime.bigint() - wall)
    this.#check()
    return { cpu: (user + system) / this.#count, wall: nanos / 1_000 / this.#count }
  }

  #inARow(): void {
    const run = this.#run
    const end = this.#next + this.#count
    for (let at = this.#next; at < end; at += 1) this.#last = run(at)
    this.#next = end
  }

  async #waiting(): Promise<void> {
    const run = this.#run
    const end = this.#next + this.#count
    for (let at = this.#next; at < end; at += 1) this.#last = await run(at)
    this.#next = end
  }

  /** Without a promise of its own in every turn: it would be half of what an empty turn costs. */
  async #inTurns(): Promise<void> {
    const run = this.#run
    const end = this.#next + this.#count
    await new Promise<void>((resolve, reject) => {
      const settled = (result: unknown): void => {
        this.#last = result
        setImmediate(turn)
      }
      const turn = (): void => {
        if (this.#next === end) return resolve()
        try {
          const result = run(this.#next++)
          if (result instanceof Promise) result.then(settled, reject)
          else settled(result)
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      turn()
    })
  }

  #check(): void {
    const wrong = this.#last instanceof Promise || this.#expect?.(this.#last) === false
    if (wrong)
      throw new Error(
        `${this.#name}: did something else: ${this.#last instanceof Error ? this.#last.stack : String(this.#last)}`,
      )
  }
}
