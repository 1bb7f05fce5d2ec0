import { expect, test } from 'vitest'
import { Budget } from '../../src/resilience/budget.ts'
import { ManualClock } from '../support/manual-clock.ts'

const setUp = () => {
  const clock = new ManualClock()
  return { clock, budget: new Budget(3, 30_000, clock) }
}
const takeAll = (budget: Budget): number => {
  let taken = 0
  while (budget.take()) taken += 1
  return taken
}

test('a burst is what can be taken at once', () => {
  expect(takeAll(setUp().budget)).toBe(3)
}) // JK-29

test('an empty budget tells how long to wait', async () => {
  const { clock, budget } = setUp()
  takeAll(budget)
  await clock.advance(10_000)
  expect(budget.wait).toBe(20_000)
})

test('one more can be taken after each interval', async () => {
  const { clock, budget } = setUp()
  takeAll(budget)
  await clock.advance(29_999)
  expect(budget.take()).toBe(false)
  await clock.advance(1)
  expect(takeAll(budget)).toBe(1)
}) // JK-30

test('what is not taken does not pile up beyond the burst', async () => {
  const { clock, budget } = setUp()
  takeAll(budget)
  await clock.advance(86_400_000)
  expect(takeAll(budget)).toBe(3)
})

test('a full budget does not count the time it was idle', async () => {
  const { clock, budget } = setUp()
  await clock.advance(29_999)
  takeAll(budget)
  await clock.advance(1)
  expect(budget.take()).toBe(false)
})

test('there is nothing to wait for while there is one to take', () => {
  expect(setUp().budget.wait).toBe(0)
})
