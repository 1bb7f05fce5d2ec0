import { describe, expect, test } from 'vitest'
import { ageOf } from '../../src/ports/clock.ts'
import { type Store, StoreError, type StoreErrorKind } from '../../src/ports/store.ts'
import { Snapshots } from '../../src/record/snapshots.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { MemoryStore, withoutUpdate } from '../support/memory-store.ts'

function setUp(store: Store | undefined) {
  const clock = new ManualClock()
  const failures: string[] = []
  return { clock, failures, snapshots: new Snapshots(store, clock, (operation) => void failures.push(operation)) }
}

function memory(kept: Record<string, string> = {}): Store & { readonly kept: Record<string, string> } {
  return {
    kept,
    load: async (name) => kept[name],
    save: async (name, value) => void (kept[name] = value),
  }
}
const broken: Store = {
  load: () => Promise.reject(new Error('no')),
  save: () => {
    throw new Error('no')
  },
}
const silent: Store = { load: () => new Promise(() => undefined), save: () => new Promise(() => undefined) }

test('without a store nothing is durable and nothing fails', async () => {
  const { snapshots, failures } = setUp(undefined)
  expect([snapshots.durable, await snapshots.load('x'), await snapshots.save('x', '1'), failures]).toEqual([
    false,
    { kept: undefined },
    false,
    [],
  ])
})

test('a store that rejects a load is an event', async () => {
  const { snapshots, failures } = setUp(broken)
  expect([await snapshots.load('x'), failures]).toEqual(['failed', ['load']])
}) // IN-38

test('a store without an entry is no failure, whether it says undefined or null', async () => {
  const nothing = { load: async () => null as never, save: async () => undefined }
  const { snapshots, failures } = setUp(nothing)
  expect([await snapshots.load('x'), await setUp(memory()).snapshots.load('x'), failures]).toEqual([
    { kept: undefined },
    { kept: undefined },
    [],
  ])
  expect([await snapshots.restoreDocument('x', (text) => text), failures]).toEqual([undefined, []])
}) // IN-39

test('a store that throws on save is an event, and nothing is durable', async () => {
  const { snapshots, failures } = setUp(broken)
  expect([await snapshots.save('x', '1'), failures]).toEqual([false, ['save']])
}) // IN-38

test('a store that never answers a load is an event after two seconds', async () => {
  const { clock, snapshots, failures } = setUp(silent)
  const loaded = snapshots.load('x')
  await clock.advance(2_000)
  expect([await loaded, failures]).toEqual(['failed', ['load']])
}) // IN-38

test('a store that never answers a save is an event after two seconds', async () => {
  const { clock, snapshots, failures } = setUp(silent)
  const saved = snapshots.save('x', '1')
  await clock.advance(2_000)
  expect([await saved, failures]).toEqual([false, ['save']])
}) // IN-38

test('a document comes back with the time it was asked for', async () => {
  const { clock, snapshots } = setUp(memory())
  snapshots.keepDocument('keys', '{"keys":[]}', { wall: clock.wall(), monotonic: clock.monotonic() })
  await settled()
  expect(await snapshots.restoreDocument('keys', (text) => text)).toEqual({
    value: '{"keys":[]}',
    since: { wall: clock.wall(), monotonic: clock.monotonic() },
  })
})

test('a document of an earlier process ages by the clock of this one: a wall clock set back makes it no younger', async () => {
  const { clock, snapshots } = setUp(memory())
  snapshots.keepDocument('keys', 'x', { wall: clock.wall() - 60_000, monotonic: -1 })
  await settled()
  const { since } = (await snapshots.restoreDocument('keys', (text) => text))!
  expect(ageOf(since, clock)).toBe(60_000)
  await clock.advance(10_000)
  clock.jump(-3_600_000)
  expect(ageOf(since, clock)).toBe(70_000)
}) // XC-07

test('a document from the future is infinitely old', async () => {
  const { clock, snapshots } = setUp(memory())
  snapshots.keepDocument('keys', 'x', { wall: clock.wall() + 1, monotonic: 0 })
  await settled()
  const { since } = (await snapshots.restoreDocument('keys', (text) => text))!
  expect(ageOf(since, clock)).toBe(Infinity)
}) // XC-07

test.each([
  ['no JSON', 'xx', ['load']],
  ['null', 'null', ['load']],
  ['no time', '{"text":"a"}', []],
  ['a time that is text', '{"text":"a","since":"1"}', []],
])('a kept document that is %s is none', async (_, kept, events) => {
  const { snapshots, failures } = setUp(memory({ keys: kept }))
  expect(await snapshots.restoreDocument('keys', (text) => text)).toBeUndefined()
  expect(failures).toEqual(events)
}) // IN-39

test('a kept document that the parser throws at is none', async () => {
  const { snapshots } = setUp(memory({ keys: '{"text":"a","since":1}' }))
  const restored = await snapshots.restoreDocument('keys', () => {
    throw new Error('no')
  })
  expect(restored).toBeUndefined()
}) // IN-39

const at = (wall: number) => ({ wall, monotonic: 0 })
const since = (kept: string | undefined): number => (JSON.parse(kept!) as { since: number }).since

test('of two documents the newer one is kept, unless it is from the future', async () => {
  const store = new MemoryStore()
  const { clock, snapshots } = setUp(store)
  const now = clock.wall()
  for (const [wall, kept] of [
    [now - 10, now - 10],
    [now - 20, now - 10],
    [now - 5, now - 5],
    [now + 50, now + 50],
    [now, now],
  ] as const) {
    snapshots.keepDocument('keys', 'x', at(wall))
    await settled()
    expect(since(store.kept.get('keys'))).toBe(kept)
  }
})

test('a document replaces what is none', async () => {
  for (const none of ['', 'null', '{"since":"x"}']) {
    const store = new MemoryStore()
    store.kept.set('keys', none)
    const { clock, snapshots, failures } = setUp(store)
    snapshots.keepDocument('keys', 'x', at(clock.wall()))
    await settled()
    expect([since(store.kept.get('keys')), failures]).toEqual([clock.wall(), []])
  }
})

/** A store whose record fails like this. */
const closed = (saved: string[], kind: StoreErrorKind): Store => ({
  load: () => Promise.reject(new StoreError(kind)),
  save: async (_, value) => void saved.push(value),
  update: () => Promise.reject(new StoreError(kind)),
})

describe('what is kept and does not open', () => {
  test.each([
    ['refused', ['new']],
    ['too_large', ['new']],
    ['busy', []],
    ['io', []],
  ] as const)('for %s it is replaced where that may be: %j', async (kind, expected) => {
    const saved: string[] = []
    const { snapshots } = setUp(closed(saved, kind))
    expect(await snapshots.replace('answers', () => 'new')).toBe(expected.length > 0)
    expect(saved).toEqual(expected)
  })

  test('it stays where nothing may be lost', async () => {
    const saved: string[] = []
    const { snapshots, failures } = setUp(closed(saved, 'refused'))
    expect([await snapshots.update('revocations', () => 'new'), saved, failures]).toEqual([false, [], ['save']])
  }) // IN-47
})

test('a store without update is given the value as it would be for an empty one', async () => {
  const store = new MemoryStore()
  const { snapshots } = setUp(withoutUpdate(store))
  await snapshots.update('x', () => '1')
  expect([await snapshots.update('x', (kept) => `${kept}2`), store.kept.get('x')]).toEqual([true, 'undefined2'])
})

test('the bound of the store is known, and none where it has none', () => {
  const bounded: Store = { ...memory(), maxBytes: 7 }
  expect([setUp(bounded).snapshots.maxBytes, setUp(memory()).snapshots.maxBytes]).toEqual([7, Infinity])
})

test.each([Buffer.from('octets'), 7, {}, true])('a store that gives %o instead of a text has failed', async (given) => {
  const store = { ...memory(), load: async () => given as unknown as string }
  const { snapshots, failures } = setUp(store)
  expect(await snapshots.load('answers')).toBe('failed')
  expect(failures).toEqual(['load'])
}) // NG-107
