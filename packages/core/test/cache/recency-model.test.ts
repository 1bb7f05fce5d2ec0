import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyOf } from '../../src/cache/digest.ts'
import { type CacheBounds, type Cacheable, RecencyCache } from '../../src/cache/recency-cache.ts'
import type { Clock } from '../../src/ports/clock.ts'

interface Entry extends Cacheable {
  readonly name: string
  readonly version: number
}

class StepClock implements Clock {
  now = 1_000_000
  wall = (): number => this.now
  monotonic = (): number => this.now
  after = (): (() => void) => () => undefined
}

interface Held {
  readonly entry: Entry
  readonly admittedAt: number
}

/** Two maps in the order of use, the most recent last: what the store has to be equal to. */
class Model {
  readonly #clock: StepClock
  readonly #newcomers: CacheBounds
  readonly #protected: CacheBounds
  /** Probation, protected. */
  readonly segments: readonly [Map<string, Held>, Map<string, Held>] = [new Map(), new Map()]

  constructor({ entries, bytes }: CacheBounds, clock: StepClock) {
    this.#clock = clock
    const rounded = Math.max(1, Math.round(bytes * 0.2))
    this.#newcomers = { entries: Math.max(1, Math.round(entries * 0.2)), bytes: rounded }
    this.#protected = { entries: Math.max(1, entries - this.#newcomers.entries), bytes: Math.max(1, bytes - rounded) }
  }

  get(name: string): Entry | undefined {
    const segment = this.#segmentOf(name)
    if (segment === undefined) return undefined
    const held = this.segments[segment].get(name)!
    this.segments[segment].delete(name)
    if (segment === 1 || this.#clock.monotonic() - held.admittedAt < 10_000) this.segments[segment].set(name, held)
    else this.#enter(1, name, held)
    return held.entry
  }

  peek(name: string): Entry | undefined {
    return this.segments.map((held) => held.get(name)?.entry).find(Boolean)
  }

  set(name: string, entry: Entry): void {
    const segment = this.#segmentOf(name) ?? 0
    const admittedAt = this.segments[segment].get(name)?.admittedAt ?? this.#clock.monotonic()
    this.segments[segment].delete(name)
    this.#enter(segment, name, { entry, admittedAt })
  }

  delete(name: string): void {
    for (const segment of this.segments) segment.delete(name)
  }

  ranked(): Entry[] {
    return [1, 0].flatMap((segment) => [...this.segments[segment]!.values()].toReversed().map(({ entry }) => entry))
  }

  #segmentOf(name: string): 0 | 1 | undefined {
    return this.segments[1].has(name) ? 1 : this.segments[0].has(name) ? 0 : undefined
  }

  #enter(segment: 0 | 1, name: string, held: Held): void {
    const { bytes } = held.entry
    if (bytes > this.#newcomers.bytes) return
    const [probation, kept] = this.segments
    const isOver = (entries: readonly Held[], ...bounds: CacheBounds[]): boolean =>
      entries.length >= sum(bounds.map((bound) => bound.entries)) ||
      octets(entries) + bytes > sum(bounds.map((bound) => bound.bytes))
    const isFull = (): boolean => isOver([...kept.values()], this.#protected)
    if (segment === 1) while (isFull()) this.#demote()
    while (isOver([...probation.values(), ...kept.values()], this.#newcomers, this.#protected)) {
      probation.delete(probation.keys().next().value!)
    }
    this.segments[segment].set(name, held)
  }

  #demote(): void {
    const [probation, kept] = this.segments
    const [last, out] = kept.entries().next().value!
    kept.delete(last)
    const { expiresAt } = out.entry
    if (expiresAt === undefined || this.#clock.wall() < expiresAt * 1_000) probation.set(last, out)
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0)
const octets = (held: readonly Held[]): number => sum(held.map(({ entry }) => entry.bytes))

const NAMES = 90
type Step =
  | { readonly is: 'get' | 'peek' | 'delete'; readonly name: string }
  | { readonly is: 'set'; readonly name: string; readonly bytes: number; readonly lasts: number | undefined }
  | { readonly is: 'wait'; readonly ms: number }

const PARAMETERS = { seed: 20_261_122, numRuns: 200 }

const name = fc.nat(NAMES).map(String)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.constantFrom('get', 'peek'), name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('set'),
      name,
      bytes: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 200 }) }, fc.integer({ min: 1, max: 4_000 })),
      lasts: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('delete'), name }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('wait'), ms: fc.constantFrom(1, 4_000, 9_999, 10_000) }) },
)
const bounds = fc.record({ entries: fc.integer({ min: 1, max: 120 }), bytes: fc.integer({ min: 1, max: 12_000 }) })

const told = (entries: readonly Entry[]): string => entries.map(({ name: of, version }) => `${of}:${version}`).join(' ')

function run(steps: readonly Step[], bound: CacheBounds): void {
  const clock = new StepClock()
  const model = new Model(bound, clock)
  const cache = new RecencyCache<Entry>(bound, clock)
  let version = 0
  for (const one of steps) {
    if (one.is === 'wait') {
      clock.now += one.ms
      continue
    }
    const key = keyOf(one.name)
    const found: Entry[] = []
    if (one.is === 'get') found.push(cache.get(key)!, model.get(one.name)!)
    else if (one.is === 'delete') {
      cache.delete(key)
      model.delete(one.name)
    } else if (one.is === 'set') {
      const expiresAt = one.lasts === undefined ? undefined : clock.wall() / 1_000 + one.lasts
      const entry = { name: one.name, version: (version += 1), bytes: one.bytes, expiresAt }
      cache.set(key, entry)
      model.set(one.name, entry)
    } else {
      found.push(cache.peek(key)!, model.peek(one.name)!)
    }
    expect(found[0]).toBe(found[1])
    expect(told([...cache.ranked()])).toBe(told(model.ranked()))
    const held = model.segments.flatMap((segment) => [...segment.values()])
    expect(`${cache.entries} ${cache.bytes}`).toBe(`${held.length} ${octets(held)}`)
  }
}

describe('the store', () => {
  test('keeps what a plain model keeps, in its order, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), bounds, (steps, bound) => run(steps, bound)),
      PARAMETERS,
    )
  })
})
