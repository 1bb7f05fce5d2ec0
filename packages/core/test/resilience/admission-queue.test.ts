import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AdmissionClass,
  AdmissionQueue,
  type Urgency,
  type Waiting,
} from '../../src/resilience/admission-queue.ts'

const BLOCKED: Urgency = { is: 'blocked' }
const grace = (left: number): Urgency => ({ is: 'grace', left })
const from = (source: string | undefined): Urgency => ({ is: 'new', source })

const FOREVER = Infinity
const item = (id: string, urgency: Urgency, deadline = FOREVER): Waiting => ({ id, urgency, deadline })

function setUp(bounds = { known: 1_000, new: 256 }) {
  const busy = new Set<string | undefined>([undefined])
  const dropped: string[] = []
  const queue = new AdmissionQueue<Waiting>(
    bounds,
    (source) => !busy.has(source),
    ({ id }, was) => void dropped.push(`${was} ${id}`),
  )
  return {
    queue,
    busy,
    dropped,
    put: (...items: Waiting[]) => items.forEach((one) => queue.put(one)),
    /** Takes everything, in order. */
    order: (newShare = 0, now = 0): string[] => {
      const ids: string[] = []
      for (let next = queue.take(now, newShare); next; next = queue.take(now, newShare)) ids.push(next.id)
      return ids
    },
  }
}

describe('the order', () => {
  test('blocked callers, then grace by the quarter left, then new tokens', () => {
    const { put, busy, order } = setUp()
    busy.add('loud')
    put(item('busy', from('loud')), item('quiet', from('calm')), item('full', grace(1)), item('quarter 3', grace(0.7)))
    put(item('quarter 1', grace(0.1)), item('quarter 2', grace(0.3)), item('blocked', BLOCKED))
    expect(order()).toEqual(['blocked', 'quarter 1', 'quarter 2', 'quarter 3', 'full', 'quiet', 'busy'])
  })

  test('within a quarter of grace it is recency that counts, and not the grace left', () => {
    const { put, order } = setUp()
    put(item('a', grace(0.01)), item('b', grace(0.24)), item('c', grace(0)))
    expect(order()).toEqual(['c', 'b', 'a'])
  })

  test.each([
    ['blocked', BLOCKED],
    ['grace', grace(0.5)],
    ['new', from('s')],
  ])('the most recently used goes first among %s', (_, urgency) => {
    const { put, order } = setUp()
    put(item('a', urgency), item('b', urgency), item('c', urgency))
    expect(order()).toEqual(['c', 'b', 'a'])
  })

  test('every use moves up', () => {
    const { queue, put, order } = setUp()
    const again = item('a', grace(0.5))
    put(again, item('b', grace(0.5)), item('c', grace(0.5)), again)
    expect([queue.known, order()]).toEqual([3, ['a', 'c', 'b']])
  })

  test('a token that becomes more urgent changes its class', () => {
    const { queue, put, order } = setUp()
    const changed = item('a', from('s'))
    put(changed, item('b', grace(0.5)))
    changed.urgency = BLOCKED
    put(changed)
    expect([queue.known, queue.new, order()]).toEqual([2, 0, ['a', 'b']])
  })

  test('no source is a busy source', () => {
    const { put, order } = setUp()
    put(item('known source', from('s')), item('none', from(undefined)))
    expect(order()).toEqual(['known source', 'none'])
  })

  test('a source that was served meanwhile stands back, its newest token first', () => {
    const { queue, busy, put, order } = setUp()
    put(item('f1', from('flood')), item('calm', from('calm')), item('f2', from('flood')), item('f3', from('flood')))
    expect(queue.sizes).toMatchObject({ quiet: 4, busy: 0 })
    busy.add('flood')
    put(item('f4', from('flood')))
    expect(queue.sizes).toMatchObject({ quiet: 1, busy: 4 })
    expect(order()).toEqual(['calm', 'f4', 'f3', 'f2', 'f1'])
  })

  test('a source that has become quiet again does not stand back', () => {
    const { busy, put, order } = setUp()
    busy.add('s').add('t')
    put(item('s', from('s')), item('t', from('t')))
    busy.delete('s')
    expect(order()).toEqual(['s', 't'])
  })
})

const crowd = (put: (...items: Waiting[]) => void): void => {
  for (let n = 0; n < 20; n += 1) put(item(`k${n}`, BLOCKED), item(`n${n}`, from('s')))
}
const kinds = (ids: readonly string[]): string => ids.map((id) => id[0]).join('')

describe('the share of new tokens', () => {
  test('is every fifth turn', () => {
    const { put, order } = setUp()
    crowd(put)
    expect(kinds(order(0.2)).slice(0, 15)).toBe('kkkknkkkknkkkkn')
  })

  test('is every second turn after an outage', () => {
    const { put, order } = setUp()
    crowd(put)
    expect(kinds(order(0.5)).slice(0, 10)).toBe('knknknknkn')
  })

  test('is not lost when no new token was there at its turn', () => {
    const { queue, put } = setUp()
    for (let n = 0; n < 20; n += 1) put(item(`k${n}`, BLOCKED))
    for (let n = 0; n < 8; n += 1) queue.take(0, 0.2)
    put(item('n', from('s')))
    expect(queue.take(0, 0.2)?.id).toBe('n')
  })

  test('goes to known tokens where no new one waits', () => {
    const { put, order } = setUp()
    for (let n = 0; n < 6; n += 1) put(item(`k${n}`, BLOCKED))
    expect(order(0.5)).toHaveLength(6)
  })

  test('is no limit: without known tokens every turn is theirs', () => {
    const { put, order } = setUp()
    for (let n = 0; n < 6; n += 1) put(item(`n${n}`, from('s')))
    expect(order(0.2)).toHaveLength(6)
  })
})

describe('deadlines', () => {
  test('what is past its deadline is dropped when its turn comes', () => {
    const { put, order, dropped } = setUp()
    put(item('late', BLOCKED, 100), item('in time', BLOCKED, 101), item('new', from('s'), 100), item('g', grace(0), 99))
    expect([order(0.2, 100), dropped]).toEqual([['in time'], ['blocked late', 'grace g', 'quiet new']])
  })

  test('late ones among new tokens leave, and those between them keep their order', () => {
    const { put, order, busy, dropped } = setUp()
    busy.add('loud')
    put(item('a', from('calm')), item('late a', from('calm'), 100), item('b', from('loud')))
    put(item('late b', from('loud'), 100), item('c', from('loud')), item('late c', from('calm'), 100))
    expect([order(0.2, 100), dropped]).toEqual([
      ['a', 'c', 'b'],
      ['quiet late c', 'busy late b', 'quiet late a'],
    ])
  })

  test('a later deadline, put in again, counts', () => {
    const { put, order } = setUp()
    const one = item('a', BLOCKED, 100)
    put(one)
    one.deadline = 200
    put(one)
    expect(order(0.2, 150)).toEqual(['a'])
  })
})

test('where the newest is of a quiet source, a turn looks at no other, however many wait', () => {
  let looks = 0
  const isQuiet = (): boolean => (looks += 1) > 0
  const queue = new AdmissionQueue<Waiting>({ known: 10, new: 10_000 }, isQuiet, () => undefined)
  for (let n = 0; n < 10_000; n += 1) queue.put(item(`t${n}`, from('s')))
  looks = 0
  expect([queue.take(0, 0.2)?.id, looks]).toEqual(['t9999', 1])
})

describe('the bounds', () => {
  test('a known token too many drops the least recently used of the least urgent class', () => {
    const { queue, put, dropped } = setUp({ known: 3, new: 1 })
    put(item('g1', grace(0.9)), item('g2', grace(0.9)), item('b', BLOCKED), item('urgent', grace(0)))
    expect([queue.known, dropped]).toEqual([3, ['grace g1']])
  })

  test('the least urgent of all does not even come in', () => {
    const { queue, put, dropped } = setUp({ known: 2, new: 1 })
    put(item('b1', BLOCKED), item('b2', BLOCKED), item('g', grace(0)))
    expect([queue.known, dropped]).toEqual([2, ['grace g']])
  })

  test('a new token too many drops the oldest of a busy source, then the oldest', () => {
    const { busy, put, dropped } = setUp({ known: 1, new: 2 })
    put(item('calm', from('calm')), item('l1', from('loud')))
    busy.add('loud')
    put(item('l2', from('loud')), item('c2', from('calm')), item('c3', from('calm')))
    expect(dropped).toEqual(['busy l1', 'busy l2', 'quiet calm'])
  })

  test('a flood of new tokens drops no known one', () => {
    const { queue, put, dropped } = setUp({ known: 5, new: 5 })
    for (let n = 0; n < 5; n += 1) put(item(`k${n}`, grace(0.9)))
    for (let n = 0; n < 500; n += 1) put(item(`n${n}`, from(`s${n}`)))
    expect([queue.known, queue.new, dropped.filter((one) => one.includes('k'))]).toEqual([5, 5, []])
  }) // rule 5
})

test('what was removed is not taken', () => {
  const { queue, put, order } = setUp()
  const gone = [item('b', BLOCKED), item('g', grace(0.5)), item('n', from('s'))]
  put(...gone, item('stays', BLOCKED))
  gone.forEach((one) => queue.remove(one))
  expect([order(), queue.empty]).toEqual([['stays'], true])
})

test('removing says in which class it waited', () => {
  const { queue, put, busy } = setUp()
  busy.add('loud')
  const some = [item('b', BLOCKED), item('g', grace(0.5)), item('q', from('calm')), item('n', from('loud'))]
  put(...some)
  const removed = [...some, item('never in', BLOCKED)].map((one) => queue.remove(one))
  expect(removed).toEqual(['blocked', 'grace', 'quiet', 'busy', undefined])
})

test('drained, it holds nothing and has lost nothing', () => {
  const { queue, put, dropped } = setUp()
  put(item('b', BLOCKED), item('g', grace(0.5)), item('n', from('s')))
  expect(queue.drain().map(({ id }) => id)).toEqual(['b', 'g', 'n'])
  expect([queue.empty, queue.sizes, dropped]).toEqual([true, { blocked: 0, grace: 0, quiet: 0, busy: 0 }, []])
})

/** The same rules, written down without a thought of cost. The most recently used comes last. */
class NaiveQueue {
  waiting: Waiting[] = []
  readonly dropped: string[] = []
  readonly #bounds: { readonly known: number; readonly new: number }
  readonly #busy: ReadonlySet<string | undefined>
  #owed = 0

  constructor(bounds: { readonly known: number; readonly new: number }, busy: ReadonlySet<string | undefined>) {
    this.#bounds = bounds
    this.#busy = busy
  }

  /** 0 is the most urgent. */
  rank({ urgency }: Waiting): number {
    if (urgency.is === 'blocked') return 0
    if (urgency.is === 'grace') return 1 + Math.min(3, Math.floor(urgency.left * 4))
    return this.#busy.has(urgency.source) ? 6 : 5
  }

  classOf(one: Waiting): AdmissionClass {
    if (one.urgency.is !== 'new') return one.urgency.is
    return this.rank(one) === 5 ? 'quiet' : 'busy'
  }

  put(one: Waiting): void {
    this.waiting = [...this.waiting.filter(({ id }) => id !== one.id), one]
    for (const isNew of [false, true]) {
      const all = this.waiting.filter(({ urgency }) => (urgency.is === 'new') === isNew)
      const lowest = Math.max(...all.map((each) => this.rank(each)))
      if (all.length > (isNew ? this.#bounds.new : this.#bounds.known))
        this.#drop(all.find((each) => this.rank(each) === lowest)!)
    }
  }

  take(now: number, newShare: number): string | undefined {
    const known = (): Waiting | undefined => this.#best(now, (rank) => rank < 5)
    const fresh = (): Waiting | undefined => this.#best(now, (rank) => rank >= 5)
    const owed = Math.min(1, this.#owed + newShare)
    const next = owed === 1 ? (fresh() ?? known()) : (known() ?? fresh())
    if (!next) return undefined
    this.#owed = next.urgency.is === 'new' ? Math.max(0, owed - 1) : owed
    this.waiting = this.waiting.filter((one) => one !== next)
    return next.id
  }

  #best(now: number, among: (rank: number) => boolean): Waiting | undefined {
    const all = this.waiting.filter((one) => among(this.rank(one)) && one.deadline > now)
    const highest = Math.min(...all.map((one) => this.rank(one)))
    return all.findLast((one) => this.rank(one) === highest)
  }

  #drop(one: Waiting): void {
    this.dropped.push(`${this.classOf(one)} ${one.id}`)
    this.waiting = this.waiting.filter((other) => other !== one)
  }
}

const SOURCES = ['s', 't', 'u', undefined]
const urgency: fc.Arbitrary<Urgency> = fc.oneof(
  fc.constant(BLOCKED),
  fc.double({ min: 0, max: 1, noNaN: true }).map(grace),
  fc.constantFrom(...SOURCES).map(from),
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('put' as const), fc.integer({ min: 0, max: 14 }), urgency) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('take' as const), fc.constantFrom(0.2, 0.22, 0.5)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('turn' as const), fc.constantFrom(...SOURCES)) },
)
const bounds = fc.record({ known: fc.integer({ min: 1, max: 6 }), new: fc.integer({ min: 1, max: 6 }) })

describe('whatever comes', () => {
  test('it goes in the same order as in the naive queue, and the same is dropped', () => {
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 80 }), (limits, steps) => {
        const { queue, busy, dropped } = setUp(limits)
        const naive = new NaiveQueue(limits, busy)
        const taken: (string | undefined)[][] = []
        for (const [what, which, how] of steps) {
          if (what === 'put') {
            const one = item(`i${which}`, how)
            queue.put(one)
            naive.put(one)
          } else if (what === 'take') taken.push([queue.take(0, which)?.id, naive.take(0, which)])
          else if (which !== undefined && !busy.delete(which)) busy.add(which)
          expect(dropped).toEqual(naive.dropped)
          expect(queue.known).toBeLessThanOrEqual(limits.known)
          expect(queue.new).toBeLessThanOrEqual(limits.new)
          expect(queue.known + queue.new).toBe(naive.waiting.length)
        }
        expect(taken.map(([id]) => id)).toEqual(taken.map(([, id]) => id))
        expect(new Set(queue.drain().map(({ id }) => id))).toEqual(new Set(naive.waiting.map(({ id }) => id)))
      }),
      { numRuns: 500 },
    )
  })

  test('nothing is lost: what was put in was taken, was dropped or is still there', () => {
    const timed = fc.tuple(urgency, fc.integer({ min: 0, max: 100 }), fc.boolean())
    fc.assert(
      fc.property(bounds, fc.array(timed, { maxLength: 80 }), (limits, all) => {
        const { queue, dropped } = setUp(limits)
        const taken: string[] = []
        all.forEach(([how, deadline, takes], n) => {
          queue.put(item(`i${n}`, how, deadline))
          const next = takes ? queue.take(n, 0.2) : undefined
          if (next) taken.push(next.id)
          expect(next === undefined || next.deadline > n).toBe(true)
        })
        const gone = dropped.map((one) => one.split(' ')[1]!)
        const everything = [...taken, ...gone, ...queue.drain().map(({ id }) => id)]
        expect(everything.toSorted()).toEqual(all.map((_, n) => `i${n}`).toSorted())
      }),
      { numRuns: 500 },
    )
  })
})
