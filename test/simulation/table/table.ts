import { POLICY_NAMES, type PolicyName } from '../policies/policies.ts'
import { type Scenario, SCENARIOS } from '../scenarios/scenarios.ts'
import type { JobResult } from './run.ts'
import { type Estimate, estimate } from './statistics.ts'

/** One row: means over seeds. */
export interface Row {
  readonly policy: PolicyName
  readonly scenario: Scenario
  /** Runs behind it. */
  readonly seeds: number
  /** Percent of requests accepted. */
  readonly known: Estimate
  readonly new: Estimate
  /** Over all seeds the largest. */
  readonly maxAgeSeconds: number
  /** Percent of what the server could have done. */
  readonly usefulWork: Estimate
  /** Requests per run that were accepted although the token had been revoked. */
  readonly acceptedRevoked: Estimate
}

/** What `--json` writes. Percentages; `margins` are half the widths of the 95 % intervals. */
export interface TableDocument {
  readonly seeds: number
  readonly invariantFailures: number
  readonly rows: readonly {
    readonly policy: PolicyName
    readonly scenario: Scenario
    readonly known: number
    readonly new: number
    readonly maxAgeSeconds: number
    readonly usefulWork: number
    readonly seeds: number
    readonly margins: { readonly known: number; readonly new: number; readonly usefulWork: number }
  }[]
}

/** Rows in the order of the policies, then of the scenarios; only those that were run. */
export function rowsOf(results: readonly JobResult[]): readonly Row[] {
  return POLICY_NAMES.flatMap((policy) =>
    SCENARIOS.flatMap((scenario) => {
      const runs = results
        .filter(({ job }) => job.policy === policy)
        .flatMap(({ scenarios }) => scenarios.filter((one) => one.scenario === scenario))
      if (runs.length === 0) return []
      return {
        policy,
        scenario,
        seeds: runs.length,
        known: estimate(runs.map(({ figures }) => figures.known)),
        new: estimate(runs.map(({ figures }) => figures.new)),
        maxAgeSeconds: Math.max(...runs.map(({ figures }) => figures.maxAgeSeconds)),
        usefulWork: estimate(runs.map(({ figures }) => figures.usefulWork)),
        acceptedRevoked: estimate(runs.map(({ acceptedRevoked }) => acceptedRevoked)),
      }
    }),
  )
}

export function documentOf(rows: readonly Row[], seeds: number, invariantFailures: number): TableDocument {
  return {
    seeds,
    invariantFailures,
    rows: rows.map(({ policy, scenario, seeds: runs, known, new: fresh, maxAgeSeconds, usefulWork }) => ({
      policy,
      scenario,
      known: known.mean,
      new: fresh.mean,
      maxAgeSeconds,
      usefulWork: usefulWork.mean,
      seeds: runs,
      margins: { known: known.margin, new: fresh.margin, usefulWork: usefulWork.margin },
    })),
  }
}

const HEAD = ['scenario', 'policy', 'known %', 'new %', 'oldest s', 'useful work %', 'accepted though revoked', 'seeds']

/** The table for people, a scenario after the other. */
export function printed(rows: readonly Row[]): string {
  const cells = SCENARIOS.flatMap((scenario) =>
    rows
      .filter((row) => row.scenario === scenario)
      .map((row) => [
        scenario,
        row.policy,
        withMargin(row.known),
        withMargin(row.new),
        row.maxAgeSeconds.toFixed(0),
        withMargin(row.usefulWork),
        row.acceptedRevoked.mean.toFixed(0),
        String(row.seeds),
      ]),
  )
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(HEAD), rule, ...cells.map(line)].join('\n')
}

function withMargin({ mean, margin }: Estimate): string {
  return margin === 0 ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${margin.toFixed(1)}`
}
