import { describe, expect, test } from 'vitest'
import { LocalReplays } from '../../../src/bind/dpop/local-replays.ts'
import { digestOf } from '../../../src/cache/digest.ts'
import type { ReplayMemory } from '../../../src/ports/replay-memory.ts'
import { DpopBench, WAIT } from '../../support/dpop-bench.ts'
import { NOW, pairFor } from '../../support/jwt.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { jkt, URI } from '../../support/proofs.ts'
import { errorOf } from '../../support/refusals.ts'

/** @param local Whether this process may stand in for what is shared. */
function sharing(consume: ReplayMemory['consume'], local = false): DpopBench {
  const clock = new ManualClock()
  const localReplays = local ? new LocalReplays(100, clock) : undefined
  return new DpopBench({ sharedReplays: { consume }, localReplays }, clock)
}

const away = new Error('away')
const failing = (): never => {
  throw away
}

describe('a memory of proofs that is shared', () => {
  test('is asked where it may take waiting, and not before the signature is good', async () => {
    const asked: [string, number][] = []
    const bench = sharing((...use) => (asked.push(use), true))
    expect([bench.now(), asked]).toEqual(['waits', []])
    const stranger = { key: pairFor('ES256', 'another').privateKey }
    expect([await bench.later(stranger), asked]).toEqual(['proof_signature_invalid', []])
    expect(await bench.later()).toBe('proved')
    expect(asked).toEqual([[digestOf(`${jkt} ${URI} jti-1`), (NOW + 60) * 1_000 + 2 * WAIT + 1_000]])
    expect(bench.remembered).toBeUndefined()
  })

  test('has the last word', async () => {
    expect(await sharing(() => false).later()).toBe('proof_replayed')
    expect(await sharing(async () => false).later()).toBe('proof_replayed')
  })

  test.each([
    ['throws', failing],
    ['rejects', async () => failing()],
    ['says something else', () => 'OK' as never],
  ])('and %s leaves nobody who knows, unless this process may', async (_, consume) => {
    expect(await sharing(consume).later()).toBe('replay_memory_unavailable')
    const bench = sharing(consume, true)
    expect([await bench.later(), await bench.later()]).toEqual(['proved', 'proof_replayed'])
  })

  test('and is slow is waited for no longer than anything', async () => {
    const bench = sharing(() => new Promise(() => undefined))
    const outcome = bench.later()
    await bench.clock.advance(WAIT)
    expect(await outcome).toBe('replay_memory_unavailable')
  })

  test('is not asked about what this process has seen', async () => {
    let asked = 0
    const bench = sharing(() => ((asked += 1), true), true)
    expect([await bench.later(), await bench.later(), asked]).toEqual(['proved', 'proof_replayed', 1])
  })

  test.each([
    ['threw', failing, away],
    ['rejected', async () => failing(), away],
    ['said something else', () => 'OK' as never, new TypeError('consume() gave no boolean')],
    ['said nothing', () => undefined as never, new TypeError('consume() gave no boolean')],
  ])('tells a debugger that it %s', async (_, consume, cause) => {
    const bench = sharing(consume)
    expect((await errorOf(() => bench.dpop.prove(bench.read(), jkt))).cause).toEqual(cause)
  })
})
