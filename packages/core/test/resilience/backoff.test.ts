import { expect, test } from 'vitest'
import { backoff, USUAL_BACKOFF } from '../../src/resilience/backoff.ts'
import { chance } from '../support/chance.ts'

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [5, 16_000],
  [6, 30_000],
  [1_000, 30_000],
])('after %d failures the ceiling is %d ms', (failures, ceiling) => {
  expect(backoff(failures, USUAL_BACKOFF, chance(1))).toBe(ceiling)
}) // JK-38

test('jitter takes at most half of the ceiling away', () => {
  expect(backoff(3, USUAL_BACKOFF, chance(0))).toBe(2_000)
}) // JK-38
