// What Holdfast is compared with has to be as good as such code commonly is: no straw man.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Jwk } from '../../examples/outage-lab/src/variants/plain/asking.ts'
import { keySet, noKeySet } from '../../examples/outage-lab/src/variants/plain/key-set.ts'
import { ttlCache } from '../../examples/outage-lab/src/variants/plain/ttl-cache.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

describe('the plain cache', () => {
  test('keeps an answer for its time, and asks again after it', async () => {
    const ask = vi.fn<(key: string) => Promise<string>>((key) => Promise.resolve(`about ${key}`))
    const get = ttlCache(60_000, ask)
    expect(await get('a')).toMatchObject({ value: 'about a', source: 'live' })
    vi.advanceTimersByTime(59_999)
    expect(await get('a')).toMatchObject({ value: 'about a', source: 'cache' })
    vi.advanceTimersByTime(1)
    expect(await get('a')).toMatchObject({ source: 'live' })
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('makes one call of requests that ask the same at once', async () => {
    const ask = vi.fn<() => Promise<number>>(() => Promise.resolve(1))
    const get = ttlCache(60_000, ask)
    await Promise.all([get('a'), get('a'), get('b')])
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('keeps no failure', async () => {
    const ask = vi.fn<() => Promise<number>>(() => Promise.resolve(1)).mockRejectedValueOnce(new Error('down'))
    const get = ttlCache(60_000, ask)
    await expect(get('a')).rejects.toThrow('down')
    expect(await get('a')).toMatchObject({ value: 1, source: 'live' })
  })

  test('without a time, every request asks', async () => {
    const ask = vi.fn<() => Promise<number>>(() => Promise.resolve(1))
    const get = ttlCache(0, ask)
    await Promise.all([get('a'), get('a')])
    expect(ask).toHaveBeenCalledTimes(2)
  })
})

const named = (...kids: readonly string[]): readonly Jwk[] => kids.map((kid) => ({ kid }))

describe('the plain key set', () => {
  const terms = { ttl: 600_000, cooldown: 30_000 }

  test('is fetched for an unknown key, but not within the cooldown', async () => {
    const ask = vi
      .fn<() => Promise<readonly Jwk[]>>(() => Promise.resolve(named('new')))
      .mockResolvedValueOnce(named('old'))
    const keyOf = keySet(terms, ask)
    expect(await keyOf('old')).toEqual({ kid: 'old' })
    await expect(keyOf('new')).rejects.toThrow('unknown key')
    vi.advanceTimersByTime(30_000)
    expect(await keyOf('new')).toEqual({ kid: 'new' })
    await expect(keyOf('old')).rejects.toThrow('unknown key')
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('is fetched once for all who need it, and again when its time is over', async () => {
    const ask = vi.fn<() => Promise<readonly Jwk[]>>(() => Promise.resolve(named('a')))
    const keyOf = keySet(terms, ask)
    await Promise.all([keyOf('a'), keyOf('a')])
    vi.advanceTimersByTime(599_999)
    await keyOf('a')
    expect(ask).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    await keyOf('a')
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('without one, every request fetches', async () => {
    const ask = vi.fn<() => Promise<readonly Jwk[]>>(() => Promise.resolve(named('a')))
    const keyOf = noKeySet(ask)
    await Promise.all([keyOf('a'), keyOf('a')])
    expect(ask).toHaveBeenCalledTimes(2)
  })
})
