import { LRUCache } from 'lru-cache'

/**
 * Why an answer is wanted. `blocked`: a caller with a known token cannot be served without it. `grace`: a known token
 * that can still be served for a while. `new`: a token never verified here, and where it came from.
 */
export type Urgency =
  | { readonly is: 'blocked' }
  | {
      readonly is: 'grace'
      /** The part of the grace that is left, from 1 to 0. */
      readonly left: number
    }
  | { readonly is: 'new'; readonly source: string | undefined }

/** The classes of the queue, most urgent first. `quiet` and `busy` are new tokens, by their source. */
export const ADMISSION_CLASSES = ['blocked', 'grace', 'quiet', 'busy'] as const
export type AdmissionClass = (typeof ADMISSION_CLASSES)[number]

/** Something that waits for its turn. */
export interface Waiting {
  readonly id: string
  urgency: Urgency
  /** Monotonic milliseconds after which nobody wants the answer any more. */
  deadline: number
}

/** How many may wait: known tokens, whether or not a caller is blocked, and new ones. */
export interface QueueBounds {
  readonly known: number
  readonly new: number
}

interface Lane<T extends Waiting> {
  readonly class: AdmissionClass
  readonly waiting: LRUCache<string, T>
}

/** Classes of grace: urgency decides between them, recency within one. Either alone served fewer, as simulated. */
const QUARTERS = 4
/** New tokens that are looked at for one to drop. */
const SEARCHED = 32

/**
 * Who goes next when there is not room for all: known tokens before new ones, by urgency, and within one urgency the
 * most recently used first. So many turns are kept for new tokens, quiet sources first. What overflows is the least
 * recently used of the least urgent; what is past its deadline is dropped when its turn comes.
 */
export class AdmissionQueue<T extends Waiting> {
  readonly #bounds: QueueBounds
  readonly #isQuiet: (source: string | undefined) => boolean
  readonly #dropped: (item: T, from: AdmissionClass) => void
  /** Most urgent first: blocked, then grace by the quarter that is left. */
  readonly #known: readonly Lane<T>[]
  /** One lane for both classes: whether a source is quiet changes while its tokens wait. */
  readonly #new: LRUCache<string, T>
  /** What new tokens are owed: at 1 it is their turn. */
  #owedToNew = 0

  constructor(
    bounds: QueueBounds,
    isQuiet: (source: string | undefined) => boolean,
    dropped: (item: T, from: AdmissionClass) => void,
  ) {
    this.#bounds = bounds
    this.#isQuiet = isQuiet
    this.#dropped = dropped
    // One more than fits: the queue itself says what goes.
    const lane = (name: AdmissionClass): Lane<T> => ({ class: name, waiting: new LRUCache({ max: bounds.known + 1 }) })
    this.#known = [lane('blocked'), ...Array.from({ length: QUARTERS }, () => lane('grace'))]
    this.#new = new LRUCache({ max: bounds.new + 1 })
  }

  /** Puts an item in, or moves it up: every use makes it the most recently used of its urgency. */
  put(item: T): void {
    this.remove(item)
    if (item.urgency.is === 'new') this.#new.set(item.id, item)
    else this.#laneOf(item.urgency).waiting.set(item.id, item)
    if (this.known > this.#bounds.known) this.#dropKnown()
    if (this.new > this.#bounds.new) this.#dropNew()
  }

  /** Takes an item out, wherever it is. @returns The class it waited in, if it did. */
  remove({ id }: T): AdmissionClass | undefined {
    const waited = this.#new.peek(id)
    if (waited) {
      this.#new.delete(id)
      return this.classOf(waited)
    }
    return this.#known.find(({ waiting }) => waiting.delete(id))?.class
  }

  /**
   * Puts an item into an empty queue and takes it out again; `undefined` when it is late. Without a look into any lane:
   * 0.1 µs instead of 4.
   */
  pass(item: T, now: number, newShare: number): T | undefined {
    if (item.deadline > now) return this.#taken(item, this.#owedWith(newShare))
    this.#dropped(item, this.classOf(item))
    return undefined
  }

  /**
   * Takes out whose turn it is.
   *
   * @param now Monotonic milliseconds.
   * @param newShare The part of the turns, from 0 to 1, that is kept for new tokens, where some wait.
   */
  take(now: number, newShare: number): T | undefined {
    if (this.empty) return undefined
    const owed = this.#owedWith(newShare)
    const item = owed >= 1 ? (this.#takeNew(now) ?? this.#takeKnown(now)) : (this.#takeKnown(now) ?? this.#takeNew(now))
    return item && this.#taken(item, owed)
  }

  /** Takes everything out. */
  drain(): T[] {
    const all = [...this.#known.map(({ waiting }) => waiting), this.#new]
    const items = all.flatMap((waiting) => [...waiting.values()])
    for (const waiting of all) waiting.clear()
    return items
  }

  /** Takes out everything that a caller waits for; what is in grace stays. */
  drainCallers(drained: (item: T, from: AdmissionClass) => void): void {
    const { waiting: blocked } = this.#known[0]!
    const items = [...blocked.values(), ...this.#new.values()]
    blocked.clear()
    this.#new.clear()
    for (const item of items) drained(item, this.classOf(item))
  }

  /** The class of an item, whether or not it waits. */
  classOf({ urgency }: T): AdmissionClass {
    if (urgency.is !== 'new') return urgency.is
    return this.#isQuiet(urgency.source) ? 'quiet' : 'busy'
  }

  /** Known tokens that wait. */
  get known(): number {
    return sizeOf(this.#known)
  }

  /** New tokens that wait. */
  get new(): number {
    return this.#new.size
  }

  get empty(): boolean {
    return this.#new.size === 0 && this.known === 0
  }

  get sizes(): Readonly<Record<AdmissionClass, number>> {
    const [blocked, ...grace] = this.#known
    const quiet = [...this.#new.values()].filter((item) => this.classOf(item) === 'quiet').length
    return { blocked: blocked!.waiting.size, grace: sizeOf(grace), quiet, busy: this.new - quiet }
  }

  /** What is not wanted is not saved up. */
  #owedWith(newShare: number): number {
    return Math.min(1, this.#owedToNew + newShare)
  }

  #taken(item: T, owed: number): T {
    this.#owedToNew = item.urgency.is === 'new' ? Math.max(0, owed - 1) : owed
    return item
  }

  #takeKnown(now: number): T | undefined {
    for (const lane of this.#known) {
      const item = this.#newest(lane, now)
      if (item) return item
    }
    return undefined
  }

  /** The newest of a quiet source, else the newest. */
  #takeNew(now: number): T | undefined {
    const late: T[] = [] // to leave afterwards: nothing may be taken out on the way
    let chosen: T | undefined
    for (const item of this.#new.values()) {
      if (item.deadline <= now) {
        late.push(item)
        continue
      }
      const quiet = this.classOf(item) === 'quiet'
      if (quiet) chosen = item
      else chosen ??= item
      if (quiet) break
    }
    for (const item of late) {
      this.#new.delete(item.id)
      this.#dropped(item, this.classOf(item))
    }
    if (chosen) this.#new.delete(chosen.id)
    return chosen
  }

  #newest({ class: from, waiting }: Lane<T>, now: number): T | undefined {
    for (let item = first(waiting); item; item = first(waiting)) {
      waiting.delete(item.id)
      if (item.deadline > now) return item
      this.#dropped(item, from)
    }
    return undefined
  }

  #laneOf(urgency: Exclude<Urgency, { is: 'new' }>): Lane<T> {
    if (urgency.is === 'blocked') return this.#known[0]!
    const quarter = Math.min(QUARTERS - 1, Math.max(0, Math.floor(urgency.left * QUARTERS)))
    return this.#known[1 + quarter]!
  }

  #dropKnown(): void {
    const lane = this.#known.findLast(({ waiting }) => waiting.size > 0)
    const item = lane?.waiting.pop()
    if (lane && item) this.#dropped(item, lane.class)
  }

  /** The oldest of a busy source among the oldest few, else the oldest: a flood must not make us search for long. */
  #dropNew(): void {
    const oldest: T[] = []
    for (const item of this.#new.rvalues()) {
      if (item) oldest.push(item)
      if (oldest.length === SEARCHED) break
    }
    const item = oldest.find((one) => this.classOf(one) === 'busy') ?? oldest[0]
    if (!item) return
    this.#new.delete(item.id)
    this.#dropped(item, this.classOf(item))
  }
}

/** The most recently used. */
function first<T extends object>(waiting: LRUCache<string, T>): T | undefined {
  const { value, done } = waiting.values().next()
  return done ? undefined : value
}

function sizeOf(lanes: readonly { readonly waiting: { readonly size: number } }[]): number {
  let total = 0
  for (const { waiting } of lanes) total += waiting.size
  return total
}
