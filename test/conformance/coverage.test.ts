import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lineStartOf } from './report/markdown.ts'
import { REQUIREMENTS, rows } from './requirements.ts'

const folder = join(import.meta.dirname, 'rows')

/** The ids in every `verifies('…', …)` and `verifies(['…', '…'], …)`. */
function cited(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts')) continue
    for (const [, ids] of readFileSync(join(folder, file), 'utf8').matchAll(/\bverifies\(\s*(\[[^\]]*\]|'[^']*')/g)) {
      for (const [id] of ids!.matchAll(/[A-Z]{2}-\d+/g)) files.set(id, [...(files.get(id) ?? []), file])
    }
  }
  return files
}

const citations = cited()

test('every requirement in scope has a test, and none that is deferred', () => {
  const inScope = rows.filter(([, row]) => row[4]?.deferred === undefined).map(([id]) => id)
  expect(inScope.filter((id) => !citations.has(id))).toEqual([])
  const deferred = rows.filter(([, row]) => row[4]?.deferred !== undefined).map(([id]) => id)
  expect(deferred.filter((id) => citations.has(id))).toEqual([])
})

test('every id that a test cites is in the catalogue', () => {
  expect([...citations.keys()].filter((id) => !(id in REQUIREMENTS))).toEqual([])
})

test('whatever is done otherwise says why', () => {
  const silent = rows.filter(([, [, , , , remark]]) => remark?.decided !== undefined && remark.decided.length < 20)
  expect(silent).toEqual([])
})

test('the published table has every requirement as the catalogue words it', () => {
  const published = readFileSync(join(import.meta.dirname, '../../docs/conformance.md'), 'utf8')
  const cells = new Set(published.split('\n').map((line) => line.replaceAll(/ +\|/g, ' |')))
  const starts = [...cells].map((line) => line.split(' | ').slice(0, 4).join(' | '))
  expect(rows.map(([id]) => lineStartOf(id)).filter((start) => !starts.includes(start))).toEqual([])
})

test('the README counts what is in scope', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const inScope = rows.filter(([, row]) => row[4]?.deferred === undefined).length
  expect(readme).toContain(`${inScope} [requirements](docs/conformance.md)`)
})
