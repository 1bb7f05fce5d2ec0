import { describe, expect, test } from 'vitest'
import { keyOf } from '#core/cache/digest'
import { type Cacheable, RecencyCache } from '#core/cache/recency-cache'
import { chance, zipf } from './engine/chance.ts'
import { EventQueue } from './engine/event-queue.ts'
import { holdfast } from './policies/holdfast.ts'
import { MODEL } from './scenarios/model.ts'
import { flood, oneShots, sessions } from './world/workload.ts'
import { World } from './world/world.ts'

const SLOTS = 10_000
const SESSIONS = 20_000
const PER_SECOND = 500
/** Of sessions alone, then of all kinds; counted is the second half of these. */
const WARM_UP = 300_000
const REQUESTS = 900_000
const USES = 5
const WITHIN = 2_000

/**
 * Hit rate of the sessions' requests, in percent, when this share of all requests carries one-shot tokens: valid, used
 * five times within two seconds, then never again. Nothing expires, as in the model's comparison of caches.
 */
function hitRate(oneShotShare: number): number {
  const clock = { now: 0, wall: () => clock.now, monotonic: () => clock.now, after: () => () => undefined }
  const cache = new RecencyCache<Cacheable>({ entries: SLOTS, bytes: 2 ** 30 }, clock)
  const random = chance(`hot set ${oneShotShare}`)
  const session = zipf(SESSIONS, MODEL.zipf, random)
  const uses = new EventQueue()
  let made = 0
  let asked = 0
  let hits = 0

  const isHit = (name: string): boolean => {
    const key = keyOf(name)
    if (cache.get(key)) return true
    cache.set(key, { bytes: 1_000 })
    return false
  }
  const useOnce = (): void => {
    const key = `one-shot ${(made += 1)}`
    for (let use = 0; use < USES; use += 1) {
      uses.push({ at: clock.now + random.next() * WITHIN, order: made * USES + use, run: () => void isHit(key) })
    }
  }

  for (let request = -WARM_UP; request < REQUESTS; request += 1) {
    clock.now += 1_000 / PER_SECOND
    while ((uses.peek()?.at ?? Infinity) <= clock.now) uses.take()?.run?.()
    // A request of either kind; a one-shot token brings its five along.
    if (request >= 0 && random.happens(oneShotShare)) {
      if (random.happens(1 / USES)) useOnce()
      continue
    }
    const hit = isHit(`session ${session()}`)
    if (request < REQUESTS / 2) continue
    asked += 1
    if (hit) hits += 1
  }
  return (100 * hits) / asked
}

// Plenty: a run takes a second or two of a processor of its own.
const TIMEOUT = 60_000

describe('the hot set', { timeout: TIMEOUT }, () => {
  test.each([
    { share: 0, atLeast: 86 },
    { share: 0.3, atLeast: 83 },
    { share: 0.8, atLeast: 70 },
  ])('keeps a hit rate of $atLeast % while one-shot tokens are $share of all requests', ({ share, atLeast }) => {
    expect(hitRate(share)).toBeGreaterThanOrEqual(atLeast)
  })

  test('keeps its hit rate under a random flood of ten times the capacity of the cache', async () => {
    const calm = await servedAtOnce(() => undefined)
    const flooded = await servedAtOnce((world) => flood(world, { perSecond: 40, sources: 200 }))
    expect(flooded.others).toBeGreaterThanOrEqual(10 * CACHE)
    expect(flooded.hits).toBe(calm.hits)
    expect(calm.hits / calm.asked).toBeGreaterThan(0.7)
  })

  test('keeps nine of ten hits on the real server while every third request carries a one-shot token', async () => {
    const calm = await servedAtOnce(() => undefined)
    const perSecond = 2
    const mixed = await servedAtOnce((world) =>
      oneShots(world, { perSecond, uses: USES, within: WITHIN, tokenLife: 300_000 }),
    )
    expect(mixed.others).toBeGreaterThan(mixed.asked / 3)
    expect(mixed.hits).toBeGreaterThan(0.9 * calm.hits)
  })
})

const CACHE = 200

/** Requests of sessions that the real server decides without a wait, in two minutes after one of calm. */
async function servedAtOnce(
  disturb: (world: World) => unknown,
): Promise<{ asked: number; hits: number; others: number }> {
  const bounds = { entries: CACHE, bytes: 2 ** 20 }
  const world = new World({ seed: 1, capacity: 10_000, policy: holdfast({ cache: { introspected: bounds } }) })
  sessions(world, { ...MODEL, sessions: 150, perSecond: 20, comeInOver: 0 })
  await world.run(60_000)
  const seen = { asked: 0, hits: 0, others: 0 }
  world.onSample = ({ token, waited, decision }) => {
    if (!token?.subject.startsWith('user-')) seen.others += 1
    else {
      seen.asked += 1
      if (waited === 0 && decision.outcome === 'accepted') seen.hits += 1
    }
  }
  disturb(world)
  await world.run(180_000)
  await world.close()
  return seen
}
