import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/cache/digest.ts'
import {
  answersText,
  digestIn,
  type KeptAnswer,
  lineOf,
  mergedLines,
  type MergeTerms,
  parseAnswers,
  parseLine,
} from '../../src/record/kept-answers.ts'

const answer = (name: string, changes: Partial<KeptAnswer> = {}): KeptAnswer => ({
  digest: digestOf(name),
  since: 1_000,
  until: 9_000,
  freshFor: undefined,
  issuer: 'https://as.example',
  claims: '{"active":true}',
  ...changes,
})
const line = (name: string, changes: Partial<KeptAnswer> = {}): string => lineOf(answer(name, changes))
const terms: MergeTerms = { now: 5_000, maxBytes: 1_000_000, isForgotten: () => false }
const isB = (digest: string): boolean => digest === digestOf('b')
const digests = (...names: string[]): string[] => names.map(digestOf)
const merged = (own: readonly string[], others: readonly string[], changes: Partial<MergeTerms> = {}): string[] => [
  ...mergedLines(own, others, { ...terms, ...changes }).keys(),
]

test('every answer survives being written and read', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.double({ min: 0, max: 9e15, noNaN: true }),
      fc.option(fc.nat(), { nil: undefined }),
      (claims, since, freshFor) => {
        const one = answer('x', { claims: JSON.stringify(claims), since: Math.floor(since), freshFor })
        const stored = parseAnswers(answersText('id', [lineOf(one)]))!
        expect([stored.id, stored.lines.map(parseLine)]).toEqual(['id', [one]])
      },
    ),
  )
})

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (text, lines) => {
      parseLine(text)
      parseAnswers(text)
      for (const digest of merged(lines, [text])) expect(digest).toHaveLength(43)
    }),
  )
})

describe('merging', () => {
  test('takes both in turn, most recently used first', () => {
    expect(merged([line('a'), line('b')], [line('c'), line('d'), line('e')])).toEqual(digests('a', 'c', 'b', 'd', 'e'))
  })

  test('of two answers for a token the newer one stays, in the better place', () => {
    const newer = line('a', { since: 2_000 })
    for (const [own, others] of [
      [[line('b'), line('a')], [newer]],
      [[newer], [line('b'), line('a')]],
    ] as const) {
      expect(mergedLines(own, others, terms).get(digestOf('a'))).toBe(newer)
    }
  })

  test('drops what is over, what is from the future, and what was called back', () => {
    const others = [line('b'), line('c', { until: 5_000 }), line('d', { since: 5_001 }), line('e', { until: 5_001 })]
    expect(merged([line('a')], others, { isForgotten: isB })).toEqual(digests('a', 'e'))
  })

  test('ends where there is no room', () => {
    const lines = Array.from({ length: 100 }, (_, index) => line(`t-${index}`))
    const text = answersText('i'.repeat(100), [...mergedLines(lines, [], { ...terms, maxBytes: 2_000 }).values()])
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2_000)
    expect(parseAnswers(text)!.lines.map(digestIn)).toEqual(
      lines.slice(0, parseAnswers(text)!.lines.length).map(digestIn),
    )
    expect(parseAnswers(text)!.lines.length).toBeGreaterThan(10)
  })
})
