import { describe, expect, test } from 'vitest'
import { ForgottenAnswers } from '../../src/record/forgotten-answers.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp(known = 10, strangers = 10) {
  const clock = new ManualClock()
  const bounds = { known, strangers }
  return { clock, forgotten: new ForgottenAnswers(bounds, clock), another: () => new ForgottenAnswers(bounds, clock) }
}

test('an answer from before is called back, one whose call began after is not', async () => {
  const { clock, forgotten } = setUp()
  forgotten.add('a')
  const at = clock.wall()
  expect([forgotten.has('a', at - 1), forgotten.has('a', at), forgotten.has('a', at + 1)]).toEqual([true, true, false])
  expect(forgotten.has('b', at)).toBe(false)
})

test('it stays called back through a record, together with what the reader knows', async () => {
  const { clock, forgotten, another } = setUp()
  forgotten.add('a')
  const at = clock.wall()
  const text = forgotten.serialize()
  await clock.advance(1_000)
  const other = another()
  other.add('a')
  other.add('b')
  expect(other.restore(text)).toBe(true)
  expect([other.has('a', at + 1_000), other.has('b', at), another().has('a', at)]).toEqual([true, true, false])
})

test('where there is no room, everything as old as what had to go counts as called back', async () => {
  const { clock, forgotten } = setUp()
  const at: number[] = []
  for (let index = 0; index < 50; index += 1) {
    forgotten.add(`t-${index}`)
    at.push(clock.wall())
    await clock.advance(1_000)
  }
  for (const [index, when] of at.entries()) expect(forgotten.has(`t-${index}`, when)).toBe(true)
  expect([forgotten.has('other', at[10]!), forgotten.has('other', at[49]!)]).toEqual([true, false])
}) // rule 2

test('calling all back leaves only what comes later', async () => {
  const { clock, forgotten } = setUp()
  forgotten.addAll()
  expect([forgotten.has('a', clock.wall()), forgotten.has('a', clock.wall() + 1)]).toEqual([true, false])
})

describe('strangers', () => {
  test('are called back once an answer to them turns up, and said to be new once', () => {
    const { clock, forgotten } = setUp()
    forgotten.addStranger('a')
    expect([forgotten.has('a', clock.wall()), forgotten.recognise('a', clock.wall() + 1)]).toEqual([false, false])
    expect([forgotten.recognise('a', clock.wall()), forgotten.recognise('a', clock.wall())]).toEqual(['new', true])
  })

  test('however many, push out no token that was known', () => {
    const { clock, forgotten } = setUp()
    forgotten.add('a')
    for (let index = 0; index < 1_000; index += 1) forgotten.addStranger(`s-${index}`)
    expect([forgotten.has('a', clock.wall()), forgotten.has('other', clock.wall())]).toEqual([true, false])
  }) // rule 5
})

test.each(['', 'null', '[]', '{}', '{"allBefore":0,"forgotten":[["a"]]}', '{"allBefore":"0","forgotten":[]}'])(
  '%j is no record',
  (text) => {
    expect(setUp().forgotten.restore(text)).toBe(false)
  },
)
