import { expect, test } from 'vitest'
import { RetryBudget } from '../../src/resilience/retry-budget.ts'

const spent = (budget: RetryBudget): number => {
  let count = 0
  while (budget.spend()) count += 1
  return count
}

test('a few retries are there from the start, and then no more', () => {
  const budget = new RetryBudget()
  expect([spent(budget), spent(budget)]).toEqual([5, 0])
})

test('twenty answers earn one retry', () => {
  const budget = new RetryBudget()
  spent(budget)
  for (let answer = 0; answer < 19; answer += 1) budget.earn()
  expect(budget.spend()).toBe(false)
  for (let answer = 0; answer < 2; answer += 1) budget.earn()
  expect(spent(budget)).toBe(1)
})

test('no more than 25 retries can be saved, however long all was well', () => {
  const budget = new RetryBudget()
  for (let answer = 0; answer < 100_000; answer += 1) budget.earn()
  expect(spent(budget)).toBe(25)
})

test('a refused retry costs nothing', () => {
  const budget = new RetryBudget()
  spent(budget)
  for (let answer = 0; answer < 15; answer += 1) budget.earn()
  expect(budget.spend()).toBe(false)
  for (let answer = 0; answer < 6; answer += 1) budget.earn()
  expect(budget.spend()).toBe(true)
})
