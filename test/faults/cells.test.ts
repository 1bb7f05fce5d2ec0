// Every fault at every endpoint, at every age of what is known, for both kinds of token. `weather.ts` says what happens,
// `cells.ts` which cells there are and which are void, `expected.ts` what must be seen and why, `run.ts` what is done.
import { describe, expect, test } from 'vitest'
import { AGES, CELLS, KINDS, RUN, VOID, voidBecause } from './cells.ts'
import { TARGETS, WEATHER } from './weather.ts'

const ASKED_FOR = [
  'refused',
  'black hole',
  'reset before the request',
  'reset after the request',
  'slow beyond every deadline',
  'slow drip',
  'truncated',
  'oversized',
  'wrong type',
  '400',
  '401',
  '403',
  '404',
  '429',
  '429 with Retry-After',
  '500',
  '503',
  '503 with Retry-After',
  'HTML with 200',
  '{} with 200',
  'active: "true"',
  'active: 1',
  'active: null',
  'active: missing',
  'active: an array',
  'active: an object',
  'TLS handshake failure',
  'TLS certificate of another host',
  'DNS failure',
  'idle socket closed under us',
  'wall clock jumps forward',
  'wall clock jumps back',
]

describe('the fault matrix', () => {
  test('has every fault', () => {
    const names = WEATHER.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(ASKED_FOR))
    expect(new Set(names).size).toBe(names.length)
  })

  test('is the whole product', () => {
    expect(CELLS).toHaveLength(WEATHER.length * TARGETS.length * AGES.length * KINDS.length)
  })

  test('runs a cell, or says why it is void', () => {
    const unsaid = CELLS.filter((cell) => RUN.includes(cell) === (voidBecause(cell) !== undefined))
    expect(unsaid).toEqual([])
    expect(RUN.length).toBeGreaterThan(CELLS.length / 2)
  })

  test.each(VOID.map((rule) => [rule.because, rule] as const))('needs the rule: %s', (_, rule) => {
    const voided = CELLS.filter((cell) => rule.holds(cell))
    expect(voided.length).toBeGreaterThan(0)
    // Without it some cell would run that says nothing.
    expect(voided.filter((cell) => VOID.every((other) => other === rule || !other.holds(cell)))).not.toEqual([])
  })
})
