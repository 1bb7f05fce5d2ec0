import { expect, test } from 'vitest'
import { SourceMix } from '../../src/resilience/source-mix.ts'
import { ManualClock } from '../support/manual-clock.ts'

const PROXY = '192.0.2.1'

/** Tells of so many new tokens in so many milliseconds. @returns How often the mix was remarkable. */
async function observe(
  { mix, clock }: { mix: SourceMix; clock: ManualClock },
  { count, over, sourceOf }: { count: number; over: number; sourceOf: (n: number) => string },
): Promise<number> {
  let remarkable = 0
  for (let step = 0; step < 10; step += 1) {
    for (let n = (step * count) / 10; n < ((step + 1) * count) / 10; n += 1) {
      if (mix.observe(sourceOf(Math.ceil(n)))) remarkable += 1
    }
    await clock.advance(over / 10)
  }
  return remarkable
}

const setUp = (): { mix: SourceMix; clock: ManualClock } => {
  const clock = new ManualClock()
  return { clock, mix: new SourceMix(clock) }
}
const proxy = (): string => PROXY
const many = (n: number): string => `198.51.100.${n % 200}`
const every =
  (nth: number) =>
  (n: number): string =>
    n % nth === 0 ? `198.51.100.${n % 256}` : PROXY

test('new tokens that all come from one source are remarked upon, once', async () => {
  const world = setUp()
  expect(await observe(world, { count: 1_000, over: 120_000, sourceOf: proxy })).toBe(1)
  expect(await observe(world, { count: 1_000, over: 120_000, sourceOf: proxy })).toBe(0)
}) // design §9.15

test.each([
  ['19 of 20', every(20), 1],
  ['10 of 11', every(11), 1],
  ['8 of 9', every(9), 0],
  ['4 of 5', every(5), 0],
  ['every other', every(2), 0],
])('where %s come from one source, that is said or not', async (_, sourceOf, times) => {
  expect(await observe(setUp(), { count: 2_000, over: 150_000, sourceOf })).toBe(times)
})

test('many sources are as it should be', async () => {
  expect(await observe(setUp(), { count: 20_000, over: 600_000, sourceOf: many })).toBe(0)
})

test('a source that takes over is found, whatever was before it', async () => {
  const world = setUp()
  await observe(world, { count: 500, over: 100_000, sourceOf: many })
  expect(await observe(world, { count: 500, over: 100_000, sourceOf: proxy })).toBe(1)
})

test('too few new tokens say nothing, however long it takes', async () => {
  const world = setUp()
  for (let turn = 0; turn < 5; turn += 1) {
    expect(await observe(world, { count: 150, over: 300_000, sourceOf: proxy })).toBe(0)
  }
})

test('a burst of one caller says nothing', async () => {
  const world = setUp()
  expect(await observe(world, { count: 100_000, over: 50_000, sourceOf: proxy })).toBe(0)
  await world.clock.advance(300_000)
  expect(await observe(world, { count: 1_000, over: 100_000, sourceOf: many })).toBe(0)
})
