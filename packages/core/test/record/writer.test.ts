import { expect, test } from 'vitest'
import { Writer } from '../../src/record/writer.ts'
import { chance } from '../support/chance.ts'
import { deferred } from '../support/deferred.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'

function setUp() {
  const clock = new ManualClock()
  const state = { works: true, writes: 0, running: 0, most: 0, gate: undefined as Promise<void> | undefined }
  const writer = new Writer(
    async () => {
      state.writes += 1
      state.running += 1
      state.most = Math.max(state.most, state.running)
      await state.gate
      state.running -= 1
      return state.works
    },
    { clock, random: chance() },
  )
  const changed = (): Promise<boolean> => {
    writer.change()
    return writer.write()
  }
  return { clock, state, writer, changed }
}

test('what has not changed is not written', async () => {
  const { state, writer } = setUp()
  expect([await writer.write(), state.writes]).toEqual([true, 0])
  await writer.close()
  expect(state.writes).toBe(0)
})

test('a write that had nothing to write is not the last one', async () => {
  const { state, writer, changed } = setUp()
  await writer.write()
  expect([await changed(), state.writes, writer.behind]).toEqual([true, 1, false])
})

test('changes during a write make one more, however many they are, and all are told when it is done', async () => {
  const { state, changed } = setUp()
  const gate = deferred<void>()
  state.gate = gate.promise
  const told = [changed(), changed(), changed()]
  await settled()
  gate.resolve()
  expect([await Promise.all(told), state.writes, state.most]).toEqual([[true, true, true], 2, 1])
})

test('a write that failed is tried again with growing pauses until it succeeds', async () => {
  const { clock, state, changed, writer } = setUp()
  state.works = false
  expect(await changed()).toBe(false)
  await clock.advance(120_000)
  expect(state.writes).toBeGreaterThan(5)
  expect(state.writes).toBeLessThan(15)
  state.works = true
  await clock.advance(30_000)
  const { writes } = state
  await clock.advance(3_600_000)
  expect([state.writes, writer.behind, clock.timers]).toEqual([writes, false, 0])
}) // IN-38

test('a change after a failure is tried at once', async () => {
  const { state, changed } = setUp()
  state.works = false
  await changed()
  state.works = true
  expect([await changed(), state.writes]).toEqual([true, 2])
})

test('closing writes once more, and leaves no timer', async () => {
  const { clock, state, changed, writer } = setUp()
  state.works = false
  await changed()
  await writer.close()
  expect([state.writes, clock.timers]).toEqual([2, 0])
}) // XC-16

test('closing waits for the write under way and writes what came in meanwhile', async () => {
  const { state, changed, writer } = setUp()
  const gate = deferred<void>()
  state.gate = gate.promise
  void changed()
  await settled()
  writer.change()
  const closing = writer.close()
  gate.resolve()
  await closing
  expect([state.writes, writer.behind]).toEqual([2, false])
}) // XC-16
