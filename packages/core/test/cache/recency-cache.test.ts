import { describe, expect, test } from 'vitest'
import { keyOf } from '../../src/cache/digest.ts'
import { type Cacheable, RecencyCache } from '../../src/cache/recency-cache.ts'
import { ManualClock } from '../support/manual-clock.ts'

interface Entry extends Cacheable {
  readonly name: string
}

/** The store with names for keys. */
class NamedCache {
  readonly cache: RecencyCache<Entry>
  readonly #names = new Map<string, string>()

  constructor(cache: RecencyCache<Entry>) {
    this.cache = cache
  }

  get = (name: string): Entry | undefined => this.cache.get(this.#key(name))
  peek = (name: string): Entry | undefined => this.cache.peek(this.#key(name))
  set = (name: string, entry: Entry): void => this.cache.set(this.#key(name), entry)
  delete = (name: string): void => this.cache.delete(this.#key(name))
  ranked = (): Entry[] => [...this.cache.ranked()]

  get entries(): number {
    return this.cache.entries
  }

  get bytes(): number {
    return this.cache.bytes
  }

  set onChange(hear: (change: 'set' | 'deleted', name: string) => void) {
    this.cache.onChange = (change, key) => hear(change, this.#names.get(key)!)
  }

  set earlier(make: (name: string) => Entry | undefined) {
    this.cache.earlier = (key) => make(this.#names.get(key)!)
  }

  #key(name: string): string {
    const key = keyOf(name)
    this.#names.set(key, name)
    return key
  }
}

function setUp(bounds = { entries: 10, bytes: 1_000_000 }) {
  const clock = new ManualClock()
  const cache = new NamedCache(new RecencyCache<Entry>(bounds, clock))
  const put = (name: string, bytes = 100): void => cache.set(name, { name, bytes })
  return {
    clock,
    cache,
    put,
    flood: (count: number) => {
      for (let i = 0; i < count; i += 1) put(`flood-${i}`)
    },
    /** Brings an entry into the protected segment. */
    settle: async (...names: string[]) => {
      for (const name of names) {
        put(name)
        await clock.advance(10_000)
        cache.get(name)
      }
    },
  }
}

describe('promotion', () => {
  test('an entry used 10 s after its admission survives a flood', async () => {
    const { clock, cache, put, flood } = setUp()
    put('kept')
    await clock.advance(10_000)
    cache.get('kept')
    flood(1_000)
    expect(cache.get('kept')?.name).toBe('kept')
  }) // NG-99

  test('an entry used sooner does not', async () => {
    const { clock, cache, put, flood } = setUp()
    put('new')
    await clock.advance(9_999)
    cache.get('new')
    flood(1_000)
    expect(cache.get('new')).toBeUndefined()
  }) // NG-99

  test('an entry that is only looked at is not promoted', async () => {
    const { clock, cache, put, flood } = setUp()
    put('seen')
    await clock.advance(10_000)
    cache.peek('seen')
    flood(1_000)
    expect(cache.peek('seen')).toBeUndefined()
  })

  test('a renewal is no new admission', async () => {
    const { clock, cache, put, flood } = setUp()
    put('kept')
    await clock.advance(9_000)
    put('kept')
    await clock.advance(1_000)
    cache.get('kept')
    flood(1_000)
    expect(cache.get('kept')?.name).toBe('kept')
  })

  test('a renewal replaces what was known', async () => {
    const { cache, settle } = setUp()
    await settle('kept')
    const newer: Entry = { name: 'newer', bytes: 100 }
    cache.set('kept', newer)
    expect([cache.get('kept')?.name, cache.entries]).toEqual(['newer', 1])
  })

  test('what has expired gets no other chance: it takes no room from newcomers', async () => {
    const { clock, cache, settle } = setUp()
    cache.set('expired', { name: 'expired', bytes: 100, expiresAt: clock.wall() / 1_000 + 20 })
    await clock.advance(10_000)
    cache.get('expired')
    const names = Array.from({ length: 8 }, (_, index) => `kept-${index}`)
    await settle(...names)
    expect([cache.peek('expired'), names.filter((name) => cache.peek(name))]).toEqual([undefined, names])
  })

  test('what the protected segment pushes out gets another chance', async () => {
    const { cache, settle } = setUp()
    const names = Array.from({ length: 9 }, (_, index) => `kept-${index}`)
    await settle(...names)
    expect(names.filter((name) => cache.peek(name))).toEqual(names)
  })
})

describe('room', () => {
  test('newcomers that take turns all stay while those that proved themselves leave it to them', () => {
    const { cache, put } = setUp()
    const names = Array.from({ length: 10 }, (_, index) => `turn-${index}`)
    for (const name of names) put(name)
    expect(names.filter((name) => cache.get(name))).toEqual(names)
  }) // LM-27

  test('those that prove themselves take theirs back, and newcomers keep a fifth', async () => {
    const { clock, cache, put, flood } = setUp()
    flood(10)
    await clock.advance(10_000)
    for (let index = 0; index < 10; index += 1) cache.get(`flood-${index}`)
    // Two went back on probation, being the eldest of ten that are protected where eight can be; they go first.
    put('new')
    put('newer')
    const left = Array.from({ length: 10 }, (_, index) => `flood-${index}`).filter((name) => !cache.peek(name))
    expect([left, cache.peek('new')?.name, cache.entries]).toEqual([['flood-0', 'flood-1'], 'new', 10])
  }) // NG-99
})

describe('floods', () => {
  test('no flood evicts a protected entry', async () => {
    const { cache, settle, flood } = setUp()
    const names = Array.from({ length: 8 }, (_, index) => `kept-${index}`)
    await settle(...names)
    flood(100_000)
    expect(names.filter((name) => cache.peek(name))).toEqual(names)
  }) // IN-34, NG-99
})

describe('bounds', () => {
  test('entries never exceed their bound', async () => {
    const { clock, cache, put } = setUp({ entries: 10, bytes: 1_000_000 })
    let most = 0
    for (let i = 0; i < 500; i += 1) {
      put(`e-${i}`)
      await clock.advance(1_000)
      for (let back = 0; back < 15; back += 1) cache.get(`e-${i - back}`)
      most = Math.max(most, cache.entries)
    }
    expect(most).toBe(10)
  }, 20_000) // LM-27

  test('bytes never exceed their bound', async () => {
    const { clock, cache, put } = setUp({ entries: 1_000, bytes: 10_000 })
    let most = 0
    for (let i = 0; i < 300; i += 1) {
      put(`e-${i}`, 700)
      await clock.advance(1_000)
      for (let back = 0; back < 15; back += 1) cache.get(`e-${i - back}`)
      most = Math.max(most, cache.bytes)
    }
    expect(most).toBeGreaterThan(5_000)
    expect(most).toBeLessThanOrEqual(10_000)
  }, 20_000) // LM-27

  test('an entry too large for probation is not kept, and pushes nothing out', () => {
    const { cache, put } = setUp({ entries: 10, bytes: 10_000 })
    put('small')
    put('huge', 2_001)
    expect([cache.peek('huge'), cache.peek('small')?.name]).toEqual([undefined, 'small'])
  })

  test('the least recently used newcomer goes first', () => {
    const { cache, put, flood } = setUp()
    put('a')
    put('b')
    cache.get('a')
    flood(9)
    expect([cache.peek('a')?.name, cache.peek('b'), cache.entries]).toEqual(['a', undefined, 10])
  })
})

describe('removal', () => {
  test('a deleted entry is gone from either segment', async () => {
    const { cache, put, settle } = setUp()
    await settle('kept')
    put('new')
    cache.delete('kept')
    cache.delete('new')
    expect([cache.entries, cache.bytes]).toEqual([0, 0])
  }) // IN-41
})

describe('what is kept elsewhere', () => {
  test('hears of what came in and of what was taken out, not of what had to make room', async () => {
    const { cache, put, flood, settle } = setUp()
    const heard: string[] = []
    cache.onChange = (change, key) => void heard.push(`${change} ${key}`)
    await settle('a')
    put('a')
    cache.delete('a')
    cache.delete('never there')
    flood(12)
    expect(heard.slice(0, 4)).toEqual(['set a', 'set a', 'deleted a', 'deleted never there'])
    expect(heard.filter((one) => one.startsWith('deleted'))).toHaveLength(2)
  })

  test('is ranked as it would survive: the protected ones by recency, then newcomers by recency', async () => {
    const { cache, put, settle } = setUp()
    await settle('a', 'b')
    put('c')
    put('d')
    cache.get('a')
    expect(cache.ranked().map(({ name }) => name)).toEqual(['a', 'b', 'd', 'c'])
  })

  test('is ranked one by one: what goes before its turn is left out', async () => {
    const { cache, put, settle } = setUp({ entries: 30, bytes: 1_000_000 })
    await settle('a', 'b', 'c')
    for (const name of ['d', 'e', 'f']) put(name)
    const entries = cache.cache.ranked()
    expect(entries.next().value).toMatchObject({ name: 'c' })
    for (const name of ['b', 'e', 'f', 'd']) cache.delete(name)
    put('g')
    cache.delete('g')
    expect([...entries].map(({ name }) => name)).toEqual(['a'])
  })

  test('is asked for what is not here, once, and protected then', () => {
    const { cache, flood } = setUp()
    const asked: string[] = []
    cache.earlier = (key) => {
      asked.push(key)
      return key === 'kept' ? { name: key, bytes: 100 } : undefined
    }
    expect([cache.get('kept')?.name, cache.peek('kept')?.name, cache.get('other')]).toEqual(['kept', 'kept', undefined])
    flood(1_000)
    expect([cache.get('kept')?.name, asked]).toEqual(['kept', ['kept', 'other']])
  })
})

describe('who wants to know', () => {
  const key = keyOf('a')

  test('sees an entry as it stands, and changes nothing by it', async () => {
    const { cache, clock, put } = setUp()
    const admittedAt = clock.monotonic()
    put('a')
    await clock.advance(5_000)
    expect(cache.cache.look(key)).toEqual({ entry: { name: 'a', bytes: 100 }, admittedAt, cameAgain: false })
    cache.get('a')
    expect(cache.cache.look(key)).toMatchObject({ admittedAt, cameAgain: true })
    await clock.advance(5_000)
    cache.get('a')
    put('a', 200)
    expect(cache.cache.look(key)).toEqual({ entry: { name: 'a', bytes: 200 }, admittedAt, cameAgain: true })
    expect(cache.cache.look(keyOf('b'))).toBeUndefined()
    put('c')
    await clock.advance(10_000)
    cache.get('c')
    expect(cache.cache.look(keyOf('c'))?.cameAgain).toBe(true)
  })

  test('finds that a new entry in the place of one that left has not come again', () => {
    const { cache, put } = setUp()
    put('a')
    cache.get('a')
    cache.delete('a')
    put('a')
    expect(cache.cache.look(key)?.cameAgain).toBe(false)
  })

  test('lets lie what an earlier process knew, which came before anything, and again', () => {
    const { cache } = setUp()
    cache.earlier = (name) => ({ name, bytes: 100 })
    expect(cache.cache.look(key)).toBeUndefined()
    cache.get('a')
    expect(cache.cache.look(key)).toMatchObject({ admittedAt: 1, cameAgain: true })
  })

  test('hears of an entry as it was before it is replaced or leaves', () => {
    const { cache, put, flood } = setUp()
    const heard: unknown[] = []
    cache.cache.leaving = (left, { entry }) => heard.push([left === key ? 'a' : 'other', entry.bytes])
    put('a')
    put('a', 200)
    cache.delete('a')
    put('a', 300)
    put('a', 2_000_000)
    put('b', 400)
    flood(10)
    expect(heard).toEqual([
      ['a', 100],
      ['a', 200],
      ['a', 300],
      ['other', 400],
    ])
  })

  test('is given those entries whose numbers are wanted', async () => {
    const { cache, settle, put, clock } = setUp()
    await settle('old')
    await clock.advance(1)
    put('left')
    put('new')
    cache.delete('left')
    expect([...cache.cache.sift(() => true)].map(({ name }) => name)).toEqual(['new', 'old'])
    expect([...cache.cache.sift(() => false)]).toEqual([])
  })
})
