import { describe, expect, test } from 'vitest'
import { answerLasts, jwtLasts } from '../../src/forecast/lifetimes.ts'

const NOW = { wall: 1_800_000_000_000, monotonic: 500_000 }
const TERMS = { fresh: 60_000, grace: 300_000 }
const ago = (ms: number) => ({ wall: NOW.wall - ms, monotonic: NOW.monotonic - ms })
const answer = (ms: number, more: { freshFor?: number; expiresAt?: number } = {}) => ({
  since: ago(ms),
  freshFor: undefined,
  expiresAt: undefined,
  ...more,
})

describe('an answer lasts', () => {
  test('until its grace is over', () => {
    expect(answerLasts(answer(0), TERMS, NOW)).toBe(360_000)
    expect(answerLasts(answer(59_000), TERMS, NOW)).toBe(301_000)
    expect(answerLasts(answer(360_000), TERMS, NOW)).toBe(0)
    expect(answerLasts(answer(1_000), { fresh: 60_000, grace: 0 }, NOW)).toBe(59_000)
  })

  test('for less where it says so itself', () => {
    expect(answerLasts(answer(1_000, { freshFor: 10_000 }), TERMS, NOW)).toBe(309_000)
  })

  test('no longer than its token', () => {
    expect(answerLasts(answer(0, { expiresAt: NOW.wall / 1_000 + 7 }), TERMS, NOW)).toBe(7_000)
  })

  test('by the clock that says more', () => {
    const since = { wall: NOW.wall - 50_000, monotonic: NOW.monotonic }
    expect(answerLasts({ since, freshFor: undefined, expiresAt: undefined }, TERMS, NOW)).toBe(310_000)
  })

  test('not at all where a clock set back would give its token a second life', () => {
    const since = { wall: NOW.wall, monotonic: NOW.monotonic - 10_000 }
    const expiresAt = NOW.wall / 1_000 + 5
    expect(answerLasts({ since, freshFor: undefined, expiresAt }, TERMS, NOW)).toBe(-Infinity)
  })

  test('on a route that asks for newer evidence, no longer than that, and never stale', () => {
    expect(answerLasts(answer(2_000), TERMS, NOW, 5_000)).toBe(3_000)
    expect(answerLasts(answer(2_000), TERMS, NOW, 3_600_000)).toBe(58_000)
    expect(answerLasts(answer(6_000), TERMS, NOW, 5_000)).toBeLessThan(0)
    expect(answerLasts(answer(0, { expiresAt: NOW.wall / 1_000 + 1 }), TERMS, NOW, 5_000)).toBe(1_000)
  })
})

describe('a JWT lasts', () => {
  const seconds = NOW.wall / 1_000

  test('until it expires, and as long as clocks may differ', () => {
    expect(jwtLasts({ exp: seconds + 10, iat: seconds }, { skew: 30, maxTokenAge: undefined }, NOW)).toBe(40_000)
  })

  test('until it is too old, where its age is limited', () => {
    expect(jwtLasts({ exp: seconds + 500, iat: seconds - 100 }, { skew: 30, maxTokenAge: 120 }, NOW)).toBe(50_000)
  })
})
