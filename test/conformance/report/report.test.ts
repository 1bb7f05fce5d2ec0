import { expect, test } from 'vitest'
import { FACES, type FaceId } from '../faces.ts'
import { markdownOf } from './markdown.ts'
import { resultsOf, type TestRecord } from './results.ts'

const everywhere = (ids: readonly string[], failing: readonly FaceId[] = []): readonly TestRecord[] =>
  FACES.map(({ id }) => ({ ids, face: id, passed: !failing.includes(id), exempt: {} }))

const stateOf = (records: readonly TestRecord[], id: string): unknown =>
  resultsOf(records).find((result) => result.id === id)

test('a requirement passes when all of its tests pass on every face', () => {
  const records = [...everywhere(['HT-01']), ...everywhere(['HT-01', 'HT-02'])]
  const faces = { core: 'passed', express4: 'passed', express5: 'passed', koa2: 'passed', koa3: 'passed' }
  expect(stateOf(records, 'HT-01')).toEqual({ id: 'HT-01', level: 'MUST', state: 'passed', faces })
})

test('one failure on one face is enough', () => {
  const records = [...everywhere(['HT-01']), ...everywhere(['HT-01', 'HT-02'], ['koa2'])]
  expect(stateOf(records, 'HT-01')).toMatchObject({ state: 'failed', faces: { core: 'passed', koa2: 'failed' } })
})

test('what nothing tested has failed, and so has a face that was left out without a reason', () => {
  expect(stateOf([], 'HT-01')).toMatchObject({ state: 'failed' })
  expect(stateOf(everywhere(['HT-01']).slice(1), 'HT-01')).toMatchObject({ state: 'failed', faces: { core: 'failed' } })
})

test('a face may be exempt, with the reason', () => {
  const exempt = { express4: 'it has no HTTP/2' }
  const records = everywhere(['HT-01'])
    .filter(({ face }) => face !== 'express4')
    .map((record) => ({ ...record, exempt }))
  expect(stateOf(records, 'HT-01')).toMatchObject({
    state: 'passed',
    faces: { express4: { exempt: 'it has no HTTP/2' } },
  })
  expect(markdownOf(resultsOf(records))).toContain('- HT-01, Express 4: it has no HTTP/2')
})

test('what comes later is said to be deferred, and nothing more', () => {
  expect(stateOf([], 'SL-01')).toEqual({ id: 'SL-01', level: 'MAY', state: 'deferred', faces: {} })
})

test('no text of the catalogue breaks the table', () => {
  const lines = markdownOf(resultsOf([])).split('\n')
  const cells = lines.filter((line) => /^\| [A-Z]{2}-/.test(line)).map((line) => line.split(/(?<!\\)\|/).length)
  expect(new Set(cells)).toEqual(new Set([4 + FACES.length + 2]))
})
