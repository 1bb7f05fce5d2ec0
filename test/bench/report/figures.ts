import { readFileSync } from 'node:fs'
import { compared, type Comparison } from '../check.ts'
import { JUDGED } from '../options.ts'
import type { Result } from '../result.ts'
import { type Estimate, estimate } from '../statistics.ts'

/** A result as `--json` writes it. */
export interface Recorded extends Result {
  readonly commit: string
  /** Not in files of an older commit. */
  readonly machine?: string
  readonly quick?: boolean
}

/** Of every judged version: the figure of a subject, and what it is of another one; neither where nothing was measured. */
export interface Cell {
  readonly figure: Estimate | undefined
  readonly ratio: Estimate | undefined
}

/** What was measured, on the versions that the goals are judged on. */
export class Figures {
  readonly all: readonly Recorded[]

  constructor(all: readonly Recorded[]) {
    this.all = all
  }

  /** @throws {RangeError} for figures of a `--quick` run: they mean nothing. */
  static from(files: readonly string[]): Figures {
    const read = files.map((file) => {
      const results = JSON.parse(readFileSync(file, 'utf8')) as Recorded[]
      if (results.some(({ quick }) => quick)) throw new RangeError(`${file}: the figures of --quick mean little`)
      return results
    })
    return new Figures(merged(read))
  }

  of(major: number): readonly Recorded[] {
    return this.all.filter(({ node }) => node.startsWith(`v${major}.`))
  }

  /** Who did what a row names, in the order in which they were measured. */
  subjectsOf(row: string): readonly string[] {
    return [...new Set(this.all.filter((one) => one.row === row).map(({ subject }) => subject))]
  }

  /** One cell for each judged version. */
  cells(subject: string, comparison: Comparison): readonly Cell[] {
    return JUDGED.map((major) => {
      const own = this.of(major)
      const { against: _, ...alone } = comparison
      return {
        figure: estimated(compared(subject, alone, own)),
        ratio: comparison.against === undefined ? undefined : estimated(compared(subject, comparison, own)),
      }
    })
  }
}

function estimated(values: readonly number[] | undefined): Estimate | undefined {
  return values && values.length > 0 && !values.some(Number.isNaN) ? estimate(values) : undefined
}

/** A row is taken whole from the last file that has it: only subjects of one run can be compared round by round. */
export function merged(files: readonly (readonly Recorded[])[]): Recorded[] {
  const rowOf = ({ row, node }: Recorded): string => `${node.split('.', 1)[0]} ${row}`
  return files.flatMap((results, at) => {
    const later = new Set(files.slice(at + 1).flatMap((others) => others.map(rowOf)))
    return results.filter((result) => !later.has(rowOf(result)))
  })
}
