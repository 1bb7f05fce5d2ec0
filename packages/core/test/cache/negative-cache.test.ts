import { expect, test } from 'vitest'
import { NegativeCache } from '../../src/cache/negative-cache.ts'
import { ManualClock } from '../support/manual-clock.ts'

const setUp = (entries = 3) => {
  const clock = new ManualClock()
  return { clock, cache: new NegativeCache(entries, 10_000, clock) }
}

test('what was never added is unknown', () => {
  expect(setUp().cache.judge('a')).toBeUndefined()
})

test('an entry is fresh for its time and old from then on', async () => {
  const { clock, cache } = setUp()
  cache.add('a')
  await clock.advance(9_999)
  expect(cache.judge('a')).toBe('fresh')
  await clock.advance(1)
  expect(cache.judge('a')).toBe('old')
}) // IN-34, IN-46

test('an old entry is not forgotten, however long it takes', async () => {
  const { clock, cache } = setUp()
  cache.add('a')
  await clock.advance(86_400_000)
  expect(cache.judge('a')).toBe('old')
}) // IN-46

test('the wall clock has no say in it', () => {
  const { clock, cache } = setUp()
  cache.add('a')
  clock.jump(86_400_000)
  expect(cache.judge('a')).toBe('fresh')
}) // IN-53

test('it is bounded', () => {
  const { cache } = setUp()
  for (let i = 0; i < 1_000; i += 1) cache.add(`e-${i}`)
  expect(cache.entries).toBe(3)
}) // IN-34, NG-99

test('an entry that is contradicted goes', () => {
  const { cache } = setUp()
  cache.add('a')
  cache.delete('a')
  expect(cache.judge('a')).toBeUndefined()
}) // IN-35
