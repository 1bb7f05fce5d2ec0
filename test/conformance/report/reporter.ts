import { writeFileSync } from 'node:fs'
import process from 'node:process'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { FACES } from '../faces.ts'
import { markdownOf } from './markdown.ts'
import { type RequirementResult, resultsOf, type TestRecord } from './results.ts'

/** Sums up the rows of a run, and writes what `CONFORMANCE_REPORT` and `CONFORMANCE_JSON` name. */
export default class ConformanceReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const results = resultsOf(recordsOf(modules))
    const { CONFORMANCE_REPORT: report, CONFORMANCE_JSON: json } = process.env
    if (report !== undefined) writeFileSync(report, markdownOf(results))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(results.map(plain), undefined, 2)}\n`)

    const failed = results.filter(({ state }) => state === 'failed')
    for (const { id, faces } of failed) {
      const where = FACES.filter((face) => faces[face.id] === 'failed').map(({ name }) => name)
      process.stdout.write(`✗ ${id}: ${where.join(', ')}\n`)
    }
    const counts = { passed: 0, failed: 0, deferred: 0 }
    for (const { state } of results) counts[state] += 1
    process.stdout.write(`${counts.passed} requirements passed, ${counts.failed} failed, ${counts.deferred} deferred\n`)
    if (counts.failed > 0 || unhandled.length > 0) process.exitCode = 1
  }
}

function recordsOf(modules: readonly TestModule[]): readonly TestRecord[] {
  return modules.flatMap((module) =>
    [...module.children.allTests()].flatMap((test) => {
      const { verifies, exempt = {} } = test.meta()
      if (!verifies) return []
      return [{ ...verifies, exempt, passed: test.result().state === 'passed' }]
    }),
  )
}

/** Without reasons. */
function plain({ id, level, state, faces }: RequirementResult): object {
  const results = Object.entries(faces).map(([face, result]) => [face, typeof result === 'object' ? 'exempt' : result])
  return { id, level, state, faces: Object.fromEntries(results) }
}
