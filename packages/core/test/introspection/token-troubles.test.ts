import { expect, test } from 'vitest'
import { Trouble } from '../../src/introspection/introspector.ts'
import { TokenTroubles } from '../../src/introspection/token-troubles.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp() {
  const clock = new ManualClock()
  return { clock, troubles: new TokenTroubles(clock) }
}

const trouble = (pause = 0): Trouble => new Trouble('server_error', { pause, cause: new Error('upstream') })

test('trouble with one token is its own: it is kept apart for 10 s', async () => {
  const { clock, troubles } = setUp()
  expect(troubles.note('a', trouble())).toBe(false)
  await clock.advance(9_999)
  expect(troubles.of('a')).toMatchObject({ kind: 'server_error', pause: 1 })
  await clock.advance(1)
  expect(troubles.of('a')).toBeUndefined()
}) // design §9.2

test('other tokens are not kept apart', () => {
  const { troubles } = setUp()
  troubles.note('a', trouble())
  expect(troubles.of('b')).toBeUndefined()
})

test('a longer pause that was asked for is kept to', async () => {
  const { clock, troubles } = setUp()
  troubles.note('a', trouble(30_000))
  await clock.advance(29_999)
  expect(troubles.of('a')?.pause).toBe(1)
  await clock.advance(1)
  expect(troubles.of('a')).toBeUndefined()
}) // IN-51

test.each([
  [0, 1_000],
  [4_000, 4_000],
  [30_000, 10_000],
])(
  'one whose answer nobody can judge is, after a pause of %d ms, for %d ms; no number of them is the endpoint’s',
  async (pause, ms) => {
    const { clock, troubles } = setUp()
    for (let n = 0; n < 10; n += 1) troubles.noteUnjudged(`token-${n}`, new Trouble('keys_unavailable', { pause }))
    expect(troubles.note('a', trouble())).toBe(false)
    expect(troubles.of('token-0')).toMatchObject({ kind: 'keys_unavailable', pause: ms })
    await clock.advance(ms)
    expect(troubles.of('token-0')).toBeUndefined()
  },
)

test('one token, however often, is one token', () => {
  const { troubles } = setUp()
  expect(Array.from({ length: 50 }, () => troubles.note('a', trouble()))).not.toContain(true)
})

test('with three different tokens and no answer between it is the endpoint', () => {
  const { troubles } = setUp()
  expect(['a', 'b', 'c', 'a'].map((digest) => troubles.note(digest, trouble()))).toEqual([false, false, true, true])
}) // design §9.2

test('what is the endpoint keeps nobody apart', () => {
  const { troubles } = setUp()
  for (const digest of ['a', 'b', 'c']) troubles.note(digest, trouble())
  expect(['a', 'b', 'c'].map((digest) => troubles.of(digest))).toEqual([undefined, undefined, undefined])
})

test('an answer between, and the count begins again', () => {
  const { troubles } = setUp()
  troubles.note('a', trouble())
  troubles.note('b', trouble())
  troubles.answered()
  expect(['c', 'd', 'e'].map((digest) => troubles.note(digest, trouble()))).toEqual([false, false, true])
})

test('an answer to another token does not end a token’s time apart', () => {
  const { troubles } = setUp()
  troubles.note('a', trouble())
  troubles.answered()
  expect(troubles.of('a')).toBeInstanceOf(Trouble)
})

test('a thousand tokens are kept apart at most', () => {
  const { troubles } = setUp()
  for (let n = 0; n < 1_001; n += 1) {
    troubles.note(`t${n}`, trouble())
    troubles.answered()
  }
  expect([troubles.of('t0'), troubles.of('t1')]).toMatchObject([undefined, { kind: 'server_error' }])
}) // bounded memory
