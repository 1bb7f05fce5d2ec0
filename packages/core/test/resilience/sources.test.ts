import { expect, test } from 'vitest'
import { Sources } from '../../src/resilience/sources.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp() {
  const clock = new ManualClock()
  return { clock, sources: new Sources(clock) }
}

test('a source never heard of is quiet', () => {
  expect(setUp().sources.isQuiet('a')).toBe(true)
})

test('a request without a source might come from anywhere: not quiet', () => {
  const { sources } = setUp()
  sources.served(undefined)
  expect(sources.isQuiet(undefined)).toBe(false)
})

test('a source that was served is busy for 30 s, and others are not', async () => {
  const { clock, sources } = setUp()
  sources.served('a')
  await clock.advance(29_999)
  expect([sources.isQuiet('a'), sources.isQuiet('b')]).toEqual([false, true])
  await clock.advance(1)
  expect(sources.isQuiet('a')).toBe(true)
})

test('every time it is served the 30 s begin again', async () => {
  const { clock, sources } = setUp()
  sources.served('a')
  await clock.advance(20_000)
  sources.served('a')
  await clock.advance(20_000)
  expect(sources.isQuiet('a')).toBe(false)
})

test('one whose token was inactive stands back for 5 minutes', async () => {
  const { clock, sources } = setUp()
  sources.served('a')
  sources.sentInactive('a')
  await clock.advance(299_999)
  expect(sources.isQuiet('a')).toBe(false)
  await clock.advance(1)
  expect(sources.isQuiet('a')).toBe(true)
})

test('to be served again does not shorten the 5 minutes', async () => {
  const { clock, sources } = setUp()
  sources.sentInactive('a')
  await clock.advance(60_000)
  sources.served('a')
  await clock.advance(100_000)
  expect(sources.isQuiet('a')).toBe(false)
})

test('a wall clock set ahead makes nobody quiet', () => {
  const { clock, sources } = setUp()
  sources.served('a')
  clock.jump(3_600_000)
  expect(sources.isQuiet('a')).toBe(false)
})

test('ten thousand sources are kept, the least recently served forgotten first', () => {
  const { sources } = setUp()
  sources.sentInactive('junk')
  for (let n = 0; n < 9_999; n += 1) sources.served(`s${n}`)
  expect(sources.isQuiet('junk')).toBe(false)
  sources.served('junk')
  for (let n = 0; n < 9_999; n += 1) sources.served(`t${n}`)
  expect([sources.isQuiet('s0'), sources.isQuiet('junk')]).toEqual([true, false])
}) // bounded memory

test('a source that is only looked at is forgotten in its turn', () => {
  const { sources } = setUp()
  for (let n = 0; n < 10_000; n += 1) sources.served(`s${n}`)
  expect(sources.isQuiet('s0')).toBe(false)
  sources.served('one more')
  expect([sources.isQuiet('s0'), sources.isQuiet('s1')]).toEqual([true, false])
})
