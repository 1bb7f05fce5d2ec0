import { expect, test } from 'vitest'
import { TokenColumns } from '../../src/verify/token-columns.ts'
import type { VerifiedToken } from '../../src/verify/verified-token.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { verifiedToken } from '../support/tokens.ts'

const clock = new ManualClock()
const tokens = [0, 1, 2, 3].map((n) =>
  verifiedToken({ sub: `${n}`, ...(n === 1 ? {} : { exp: 100 + n }) }, clock, {
    digest: `digest ${n}`,
    nested: `nested ${n}`,
    since: { wall: 10 + n, monotonic: 20 + n },
    freshFor: n === 2 ? undefined : n,
    aheadAfter: n === 3 ? Infinity : 30 + n,
  }),
)

/** Columns with these tokens in them, and what reads one of them. */
function filled() {
  const columns = new TokenColumns()
  const { width } = columns
  const numbers = new Float64Array(tokens.length * width)
  const put = (place: number, token: VerifiedToken): void => columns.put(place, token, numbers, place * width)
  const read = (place: number, digest = tokens[place]!.digest): VerifiedToken =>
    columns.read(place, digest, numbers, place * width)
  for (const [place, token] of tokens.entries()) put(place, token)
  return { columns, put, read }
}

test('every place gives back what was put there', () => {
  const { columns, read } = filled()
  for (const [place, token] of tokens.entries()) {
    expect(read(place)).toEqual(token)
    expect(read(place).provenance).toBe(token.provenance)
    expect(columns.expiresAt(place)).toBe(token.expiresAt)
  }
})

test('a token that was read stays what it was when its place is given to another', () => {
  const { put, read } = filled()
  const before = read(1)
  put(1, tokens[3]!)
  expect(before).toEqual(tokens[1])
  expect(read(1, 'digest 3')).toEqual(tokens[3])
})

test('a place that is cleared keeps nothing, and its neighbours all', () => {
  const { columns, read } = filled()
  columns.clear(2)
  const { claims, provenance } = read(2)
  expect([claims, provenance]).toEqual([undefined, undefined])
  for (const place of [0, 1, 3]) expect(read(place)).toEqual(tokens[place])
})
