import { describe, expect, test } from 'vitest'
import { keyOf, revocationKeyOf } from '../src/cache/digest.ts'
import { NegativeCache } from '../src/cache/negative-cache.ts'
import { RecencyCache } from '../src/cache/recency-cache.ts'
import { Revocations } from '../src/cache/revocations.ts'
import type { HoldfastEvent } from '../src/ports/observer.ts'
import type { Store } from '../src/ports/store.ts'
import { Snapshots } from '../src/record/snapshots.ts'
import { RevocationDesk } from '../src/revoke.ts'
import { Telemetry } from '../src/telemetry.ts'
import { TokenColumns } from '../src/verify/token-columns.ts'
import { chance } from './support/chance.ts'
import { deferred } from './support/deferred.ts'
import { ManualClock, settled, START } from './support/manual-clock.ts'
import { MemoryStore } from './support/memory-store.ts'
import { verifiedToken } from './support/tokens.ts'

const DAY = 86_400_000

/** A store whose every answer is given by the test. */
class HandStore implements Store {
  kept: string | undefined
  works = true
  loads = 0
  saves: string[] = []
  running = 0
  most = 0
  /** Holds every save up, where it is set. */
  gate: Promise<void> | undefined

  async load(): Promise<string | undefined> {
    this.loads += 1
    if (!this.works) throw new Error('no')
    return this.kept
  }

  async save(_: string, value: string): Promise<void> {
    this.running += 1
    this.most = Math.max(this.most, this.running)
    await this.gate
    this.running -= 1
    if (!this.works) throw new Error('no')
    this.saves.push(value)
    this.kept = value
  }
}

function setUp(store: Store | undefined, clock = new ManualClock()) {
  const events: HoldfastEvent[] = []
  const telemetry = new Telemetry({ on: (event) => void events.push(event) }, ['https://as.example'], clock)
  const revocations = new Revocations({ entries: 100, lifetime: DAY, skew: 30_000 }, clock, () => undefined)
  const bounds = { entries: 10, bytes: 10_000 }
  const stores = {
    jwts: new RecencyCache(bounds, clock, new TokenColumns()),
    introspected: new RecencyCache(bounds, clock, new TokenColumns()),
    negatives: new NegativeCache(10, 10_000, clock),
    revocations,
    snapshots: new Snapshots(store, clock, (operation) => telemetry.emit({ type: 'store_failed', operation })),
  }
  const desk = new RevocationDesk(stores, ['https://as.example'], telemetry, { clock, random: chance(0) })
  return { clock, desk, revocations, stores, events }
}

/** What a store would tell the next process. */
async function afterRestart(store: HandStore, token: string): Promise<boolean> {
  const { desk, revocations } = setUp(store)
  await desk.restoring
  return revocations.isTombstone(token)
}

describe('a record that cannot be read', () => {
  test('it is not complete, and is asked for again with growing pauses until it is read', async () => {
    const store = new HandStore()
    await setUp(store).desk.revoke({ token: 'earlier' })
    store.works = false
    const { clock, desk, revocations } = setUp(store)
    await desk.restoring
    expect([revocations.complete, revocations.isTombstone('earlier')]).toEqual([false, false])
    const before = store.loads
    await clock.advance(60_000)
    const tries = store.loads - before
    expect(tries).toBeGreaterThan(2)
    expect(tries).toBeLessThan(12)
    store.works = true
    await clock.advance(30_000)
    expect(revocations.isTombstone('earlier')).toBe(true)
    const read = store.loads
    await clock.advance(3_600_000)
    expect(store.loads).toBe(read)
  }) // IN-38, IN-47

  test('nothing is written over it, and what was revoked meanwhile is added once it was read', async () => {
    const store = new HandStore()
    await setUp(store).desk.revoke({ token: 'earlier' })
    store.works = false
    const { clock, desk } = setUp(store)
    await desk.restoring
    store.saves = []
    store.save = async (_, value) => void store.saves.push((store.kept = value)) // writing works, reading does not
    expect(await desk.revoke({ token: 'later' })).toEqual({ scope: 'process', durable: false })
    expect(store.saves).toEqual([])
    store.works = true
    await clock.advance(60_000)
    expect([await afterRestart(store, 'earlier'), await afterRestart(store, 'later')]).toEqual([true, true])
  }) // IN-47

  test('a record that is none is not complete, and is written anew', async () => {
    const store = new HandStore()
    store.kept = '{"complete":true,"tombstones":[["a"]],"marks":[]}'
    const { desk, revocations, events } = setUp(store)
    await desk.restoring
    expect([revocations.complete, events]).toEqual([false, [{ type: 'store_failed', operation: 'load' }]])
    expect((await desk.revoke({ token: 't' })).durable).toBe(true)
  }) // IN-39

  test('a store that says null has no record, and says so completely', async () => {
    const nothing: Store = { load: async () => null as never, save: async () => undefined }
    const { desk, revocations, events } = setUp(nothing)
    await desk.restoring
    expect([revocations.complete, events]).toEqual([true, []])
  }) // IN-39

  test('after closing it is not asked for any more', async () => {
    const store = new HandStore()
    store.works = false
    const { clock, desk } = setUp(store)
    await desk.restoring
    await desk.close()
    const before = store.loads
    await clock.advance(3_600_000)
    expect([store.loads - before, clock.timers]).toEqual([0, 0])
  }) // XC-16

  test('nor when the answer that failed came after closing', async () => {
    const late = deferred<void>()
    const failing: Store = {
      load: () => late.promise.then(() => Promise.reject(new Error('no'))),
      save: async () => undefined,
    }
    const { clock, desk } = setUp(failing)
    await desk.close()
    late.resolve()
    await settled()
    expect(clock.timers).toBe(0)
  }) // XC-16
})

describe('writing', () => {
  test('one write at a time, and the last one has everything', async () => {
    const store = new HandStore()
    const { desk } = setUp(store)
    await desk.restoring
    const gate = deferred<void>()
    store.gate = gate.promise
    const tokens = Array.from({ length: 20 }, (_, index) => `t-${index}`)
    const receipts = tokens.map((token) => desk.revoke({ token }))
    await settled()
    gate.resolve()
    expect((await Promise.all(receipts)).every(({ durable }) => durable)).toBe(true)
    expect([store.most, store.saves.length < 5]).toEqual([1, true])
    for (const token of tokens) expect(await afterRestart(store, token)).toBe(true)
  }) // IN-47

  test('a receipt that says durable is never wrong, however the orders fall', async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      const store = new HandStore()
      const { desk } = setUp(store)
      await desk.restoring
      const gate = deferred<void>()
      store.gate = gate.promise
      const first = desk.revoke({ token: 'first' })
      await settled()
      store.gate = undefined
      gate.resolve()
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      const receipt = await desk.revoke({ token: 'second' })
      expect([receipt.durable, store.kept!.includes(revocationKeyOf('second'))]).toEqual([true, true])
      await first
    }
  }) // IN-47

  test('what was observed to be inactive is written, too', async () => {
    const store = new HandStore()
    const { desk, revocations } = setUp(store)
    await desk.restoring
    revocations.addTombstone(revocationKeyOf('observed'), undefined)
    await settled()
    expect(await afterRestart(store, 'observed')).toBe(true)
  }) // IN-46, IN-47

  test('a write that failed is made good by the next one', async () => {
    const store = new HandStore()
    const { desk } = setUp(store)
    await desk.restoring
    store.works = false
    expect((await desk.revoke({ token: 'a' })).durable).toBe(false)
    store.works = true
    expect((await desk.revoke({ token: 'b' })).durable).toBe(true)
    expect(await afterRestart(store, 'a')).toBe(true)
  }) // IN-38

  test('what was not written yet is written on closing', async () => {
    const store = new HandStore()
    const { desk } = setUp(store)
    await desk.restoring
    store.works = false
    await desk.revoke({ token: 'a' })
    store.works = true
    await desk.close()
    expect(await afterRestart(store, 'a')).toBe(true)
  }) // IN-47

  test('closing waits for a write under way', async () => {
    const store = new HandStore()
    const { desk, revocations } = setUp(store)
    await desk.restoring
    const gate = deferred<void>()
    store.gate = gate.promise
    revocations.addTombstone(revocationKeyOf('a'), undefined)
    await settled()
    let closed = false
    const closing = desk.close().then(() => (closed = true))
    await settled()
    expect(closed).toBe(false)
    gate.resolve()
    await closing
    expect(await afterRestart(store, 'a')).toBe(true)
  }) // IN-47, XC-16

  test('without a store nothing is durable, and nothing is waited for', async () => {
    const { clock, desk } = setUp(undefined)
    expect(desk.restoring).toBeUndefined()
    expect((await desk.revoke({ sub: 'x' })).durable).toBe(false)
    await desk.close()
    expect(clock.timers).toBe(0)
  })
})

describe('two processes with one store', () => {
  test('keep the orders of both, and each learns of the other when it writes', async () => {
    const store = new MemoryStore()
    const [one, two] = [setUp(store), setUp(store)]
    await Promise.all([one.desk.restoring, two.desk.restoring])
    await one.desk.revoke({ token: 'a' })
    expect(two.revocations.isTombstone('a')).toBe(false)
    await two.desk.revoke({ token: 'b' })
    expect(two.revocations.isTombstone('a')).toBe(true)
    const next = setUp(store)
    await next.desk.restoring
    expect(['a', 'b'].map((token) => next.revocations.isTombstone(token))).toEqual([true, true])
  }) // IN-47

  test('of two marks the stricter one stays, whoever writes last', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore()
    const [one, two] = [setUp(store, clock), setUp(store, clock)]
    await Promise.all([one.desk.restoring, two.desk.restoring])
    await one.desk.revoke({ sub: 'x', before: START + 100 })
    await two.desk.revoke({ sub: 'x', before: START })
    const next = setUp(store, clock)
    await next.desk.restoring
    const token = verifiedToken({ sub: 'x', iat: START + 50, exp: START + 60 }, clock)
    expect([two, next].map(({ revocations }) => revocations.judge(token))).toEqual(['token_revoked', 'token_revoked'])
  }) // IN-47

  test('a record that became none meanwhile is written anew, and is not complete', async () => {
    const store = new MemoryStore()
    const { desk, revocations, events } = setUp(store)
    await desk.restoring
    store.kept.set('revocations', 'nonsense')
    expect(await desk.revoke({ token: 'a' })).toMatchObject({ durable: true })
    expect(revocations.complete).toBe(false)
    expect(events).toContainEqual({ type: 'store_failed', operation: 'load' })
  }) // IN-39
})

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

test.each([undefined, START + 60])(
  'a JWT of which only an answer with exp %s is known is refused until its own end',
  async (exp) => {
    const { clock, desk, revocations, stores } = setUp(undefined)
    const jwt = `${encode({ alg: 'ES256' })}.${encode({ exp: START + (2 * DAY) / 1_000 })}.c2ln`
    const claims = exp === undefined ? {} : { exp }
    stores.introspected.set(keyOf(jwt), verifiedToken(claims, clock))
    await desk.revoke({ token: jwt })
    await clock.advance(2 * DAY)
    expect(revocations.isTombstone(jwt)).toBe(true)
  },
) // rule 2

test('an order is written once', async () => {
  const store = new MemoryStore()
  const { desk } = setUp(store)
  await desk.restoring
  await desk.revoke({ token: 'a' })
  expect(store.written).toEqual(['revocations'])
})

test('what could not be written is tried again without a further order', async () => {
  const store = new HandStore()
  const { clock, desk } = setUp(store)
  await desk.restoring
  store.works = false
  expect((await desk.revoke({ token: 'a' })).durable).toBe(false)
  store.works = true
  await clock.advance(2_000)
  expect(await afterRestart(store, 'a')).toBe(true)
}) // IN-38
