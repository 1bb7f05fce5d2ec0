import { expect, test } from 'vitest'
import { type Answer, type Introspector, Trouble, type TroubleKind } from '../../src/introspection/introspector.ts'
import { pausing } from '../../src/introspection/pausing.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp() {
  const clock = new ManualClock()
  let calls = 0
  let next: Trouble | undefined
  const inner: Introspector = {
    introspect: async (): Promise<Answer> => {
      calls += 1
      if (next) throw next
      return { is: 'inactive' }
    },
  }
  const outer = pausing(inner, clock)
  return {
    clock,
    fails: (kind: TroubleKind, pause: number) => void (next = new Trouble(kind, { pause })),
    works: () => void (next = undefined),
    ask: () =>
      outer.introspect({ token: 't' }).then(
        (answer) => answer.is,
        (error: Trouble) => [error.kind, error.pause],
      ),
    get calls() {
      return calls
    },
  }
}

test.each(['throttled', 'server_error'] as const)('an endpoint that asks for a pause by %s gets it', async (kind) => {
  const all = setUp()
  all.fails(kind, 20_000)
  await all.ask()
  all.works()
  await all.clock.advance(19_999)
  expect([await all.ask(), all.calls]).toEqual([[kind, 1], 1])
  await all.clock.advance(1)
  expect([await all.ask(), all.calls]).toEqual(['inactive', 2])
}) // IN-51

test('a wall clock set ahead does not end the pause', async () => {
  const all = setUp()
  all.fails('throttled', 20_000)
  await all.ask()
  all.clock.jump(3_600_000)
  expect([await all.ask(), all.calls]).toEqual([['throttled', 20_000], 1])
}) // IN-51, XC-07

test('without a pause asked for the next call goes out', async () => {
  const all = setUp()
  all.fails('throttled', 0)
  await all.ask()
  await all.ask()
  expect(all.calls).toBe(2)
})

test.each(['misconfigured', 'unexpected_status', 'no_endpoint', 'timeout'] as const)(
  'a pause that comes with %s is about that call only',
  async (kind) => {
    const all = setUp()
    all.fails(kind, 20_000)
    await all.ask()
    await all.ask()
    expect(all.calls).toBe(2)
  },
)
