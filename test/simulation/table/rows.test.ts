import { describe, expect, test } from 'vitest'
import type { JobResult } from './run.ts'
import { documentOf, printed, rowsOf } from './table.ts'

const result = (seed: number, known: number, maxAgeSeconds: number): JobResult => ({
  job: { policy: 'holdfast', course: 0, seed },
  scenarios: [
    { scenario: 'brownout', figures: { known, new: 8, maxAgeSeconds, usefulWork: 99 }, acceptedRevoked: 200 },
  ],
  requests: 1,
  hash: '',
  violations: [],
  invariantFailures: 0,
})

describe('the table', () => {
  const rows = rowsOf([result(1, 90, 300), result(2, 92, 360)])

  test('has the mean over seeds with its interval, and the largest age', () => {
    expect(rows).toHaveLength(1)
    const { known, maxAgeSeconds, usefulWork, seeds } = rows[0]!
    expect(known.mean).toBe(91)
    expect(known.margin).toBeCloseTo(12.706, 3)
    expect(maxAgeSeconds).toBe(360)
    expect(usefulWork).toEqual({ mean: 99, margin: 0 })
    expect(seeds).toBe(2)
  })

  test('is written as plain numbers', () => {
    const { seeds, invariantFailures, rows: written } = documentOf(rows, 2, 0)
    expect({ seeds, invariantFailures }).toEqual({ seeds: 2, invariantFailures: 0 })
    expect(written[0]).toMatchObject({
      policy: 'holdfast',
      scenario: 'brownout',
      known: 91,
      new: 8,
      maxAgeSeconds: 360,
      usefulWork: 99,
    })
  })

  test('is printed with a line for each row', () => {
    const lines = printed(rows).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toMatch(
      /^\| brownout +\| holdfast +\| +91\.0 ± 12\.7 \| +8\.0 \| +360 \| +99\.0 \| +200 \| +2 \|$/,
    )
  })
})
