import process from 'node:process'

import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Prints `N passed, N failed[, N skipped]` as the last line of the output. Errors outside of tests (a file that does
 * not load, a failing hook, an unhandled rejection) count as failures, so that no broken run reads "0 failed".
 */
export default class SummaryReporter implements Reporter {
  #line: string | undefined

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    // At exit, because other reporters print after this hook; and once, also when watching.
    if (this.#line === undefined) process.once('exit', () => process.stdout.write(`${this.#line}\n`))
    this.#line = summaryLine(count(modules, unhandled))
  }
}

export function count(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Counts {
  const counts = { passed: 0, failed: unhandled.length, skipped: 0 }
  for (const module of modules) {
    counts.failed += module.errors().length
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      counts[state === 'pending' ? 'failed' : state] += 1 // pending: the run ended before the test did
    }
  }
  return counts
}

export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
