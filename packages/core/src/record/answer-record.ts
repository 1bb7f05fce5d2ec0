import { setImmediate } from 'node:timers/promises'
import { digestOfKey, keyOfDigest } from '../cache/digest.ts'
import type { RecencyCache } from '../cache/recency-cache.ts'
import type { Cancel } from '../ports/clock.ts'
import { usableTime } from '../verify/evidence-terms.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'
import { ForgottenAnswers } from './forgotten-answers.ts'
import { answersText, digestIn, mergedLines, parseAnswers } from './kept-answers.ts'
import { entryFrom, type KeptEntryTerms, lineFrom } from './kept-entry.ts'
import type { Snapshots } from './snapshots.ts'
import { Writer, type WriterPorts } from './writer.ts'

export interface AnswerRecordParts extends KeptEntryTerms {
  readonly cache: RecencyCache<VerifiedToken>
  /** Answers taken over from an earlier process, at most: the bound of the cache. */
  readonly entries: number
  readonly snapshots: Snapshots
  /** Without the record of an earlier process's revocations none of its answers is used. */
  readonly revocations: { readonly unread: boolean }
  /** Called when what the store has is no record. */
  readonly failed: () => void
}

const ANSWERS = 'answers'
const FORGOTTEN = 'forgotten-answers'
/** Milliseconds between two writes of all answers. */
const PERIOD = 10_000
/** Octets of the answers that are kept, most recently used first: some 10,000 usual ones, written in milliseconds. */
const MAX_BYTES = 4_194_304
/** Entries after which other work gets a turn. */
const SLICE = 250
/** Tokens; see {@link ForgottenBounds}. */
const FORGOTTEN_BOUNDS = { known: 5_000, strangers: 5_000 } as const

/**
 * Keeps introspection answers over a restart, with their age. Two records: the answers, written now and then; and which of
 * them were called back, small and written at once, so that no restart revives a token that was seen to be inactive.
 */
export class AnswerRecord {
  readonly #parts: AnswerRecordParts
  readonly #ports: WriterPorts
  readonly #forgotten: ForgottenAnswers
  readonly #answersWriter: Writer
  readonly #forgottenWriter: Writer
  /** True while the store may know of tokens that were called back, and did not say. */
  #unread = false
  /** Lines of an earlier process, by digest, until somebody asks for their tokens: to read all would hold the start up. */
  #dormant = new Map<string, string>()
  /** Digests of the answers that the store may have. */
  #kept: ReadonlySet<string> = new Set()
  /** The text that was written or read last: no other process has added anything while the store has this one. */
  #lastId: string | undefined
  #restoring: Promise<void> | undefined
  #next: Cancel | undefined
  #drop: Cancel = () => undefined
  #closed = false

  constructor(parts: AnswerRecordParts, ports: WriterPorts) {
    this.#parts = parts
    this.#ports = ports
    this.#forgotten = new ForgottenAnswers(FORGOTTEN_BOUNDS, ports.clock)
    this.#answersWriter = new Writer(() => this.#writeAnswers(), ports)
    this.#forgottenWriter = new Writer(() => this.#writeForgotten(), ports)
    parts.cache.onChange = (change, key) => {
      const digest = digestOfKey(key)
      this.#dormant.delete(digest) // whatever is known now is newer
      if (change === 'set') this.#writeLater()
      else this.#forget(digest)
    }
  }

  /** Pending until the store has answered, or was given up; `undefined` from then on. */
  get restoring(): Promise<void> | undefined {
    return this.#restoring
  }

  /** Takes in what an earlier process knew. @param revocations Settles when its revocations were read, or were given up. */
  restore(revocations: Promise<void> | undefined): void {
    this.#restoring = this.#restore(revocations).finally(() => {
      this.#restoring = undefined
      if (this.#forgottenWriter.behind) void this.#forgottenWriter.write()
    })
  }

  /** Writes what was not written yet. */
  async close(): Promise<void> {
    this.#closed = true
    this.#next?.()
    await this.#restoring
    this.#drop()
    await Promise.all([this.#answersWriter.close(), this.#forgottenWriter.close()])
  }

  /** At most once in a period: a renewal of every entry each minute must not write all of them each time. */
  #writeLater(): void {
    this.#answersWriter.change()
    if (this.#next || this.#closed) return
    this.#next = this.#ports.clock.after(PERIOD, () => {
      this.#next = undefined
      void this.#answersWriter.write()
    })
  }

  #forget(digest: string): void {
    // Until the store has said what it has, it may have this one.
    if (!this.#restoring && !this.#kept.has(digest)) return this.#forgotten.addStranger(digest)
    this.#forgotten.add(digest)
    this.#forgottenWriter.change()
    if (!this.#restoring) void this.#forgottenWriter.write()
  }

  #writeForgotten(): Promise<boolean> {
    return this.#parts.snapshots.replace(FORGOTTEN, (kept) => {
      this.#learn(kept)
      return this.#forgotten.serialize()
    })
  }

  /** Adds what is kept. Where there was something and it is lost, no answer from before is worth anything. */
  #learn(kept: string | undefined): void {
    const learnt = kept === undefined ? !this.#unread : this.#forgotten.restore(kept)
    this.#unread = false
    if (learnt) return
    this.#forgotten.addAll()
    this.#forgottenWriter.change()
  }

  async #writeAnswers(): Promise<boolean> {
    const { clock, random } = this.#ports
    const own = await this.#ownLines()
    const before = this.#kept
    const id = random.id()
    let after = before
    const written = await this.#parts.snapshots.replace(ANSWERS, (kept) => {
      const stored = kept === undefined ? undefined : parseAnswers(kept)
      const lines = mergedLines(own, stored && stored.id !== this.#lastId ? stored.lines : [], {
        now: clock.wall(),
        maxBytes: this.#maxBytes,
        isForgotten: (digest, since) => this.#recognise(digest, since),
      })
      after = new Set([...lines.keys()].map(copied))
      // Whether or not the write succeeds, the store may have either from now on.
      this.#kept = new Set([...before, ...after])
      return answersText(id, [...lines.values()])
    })
    if (!written) return false
    this.#kept = after
    this.#lastId = id
    return true
  }

  get #maxBytes(): number {
    return Math.min(MAX_BYTES, this.#parts.snapshots.maxBytes)
  }

  #recognise(digest: string, since: number): boolean {
    const forgotten = this.#forgotten.recognise(digest, since)
    if (forgotten === 'new') {
      this.#forgottenWriter.change()
      void this.#forgottenWriter.write()
    }
    return forgotten !== false
  }

  /** What this process knows of opaque tokens, in slices: thousands of entries must not hold up requests. */
  async #ownLines(): Promise<string[]> {
    const { cache } = this.#parts
    let room = this.#maxBytes
    const lines: string[] = []
    let seen = 0
    for (const entry of cache.ranked()) {
      const line = lineFrom(entry, this.#parts, this.#ports.clock)
      if (line !== undefined) {
        room -= Buffer.byteLength(line) + 1
        if (room < 0) return lines
        lines.push(line)
      }
      seen += 1
      if (seen % SLICE === 0) await setImmediate()
    }
    return [...lines, ...this.#dormant.values()]
  }

  /** Never rejects. Without the record of what was called back no answer comes back. */
  async #restore(revocationsRead: Promise<void> | undefined): Promise<void> {
    const { cache, entries, snapshots, revocations, terms, failed } = this.#parts
    const [answers, forgotten] = await Promise.all([snapshots.load(ANSWERS), snapshots.load(FORGOTTEN)])
    this.#unread = forgotten === 'failed'
    if (forgotten !== 'failed') this.#learn(forgotten.kept)
    const text = answers === 'failed' ? undefined : answers.kept
    const stored = text === undefined ? undefined : parseAnswers(text)
    if (text !== undefined && !stored) return failed()
    if (!stored) return
    this.#kept = new Set(stored.lines.map((line) => copied(digestIn(line))))
    await revocationsRead
    if (this.#unread || revocations.unread) return
    this.#lastId = stored.id
    // What came in while this took its time is newer, and so is an order to forget: that is looked at on waking.
    for (const line of stored.lines.slice(0, entries)) {
      const digest = digestIn(line)
      if (!cache.peek(keyOfDigest(digest))) this.#dormant.set(digest, line)
    }
    cache.earlier = (key) => this.#wake(digestOfKey(key))
    this.#drop = this.#ports.clock.after(usableTime(terms, undefined), () => {
      cache.earlier = undefined
      this.#dormant = new Map()
    })
  }

  #wake(digest: string): VerifiedToken | undefined {
    const line = this.#dormant.get(digest)
    if (line === undefined) return undefined
    this.#dormant.delete(digest)
    return entryFrom(line, digest, this.#parts, this.#ports.clock, (since) => this.#forgotten.has(digest, since))
  }
}

/** A text of its own: a part of a larger one would keep all of that in memory. */
function copied(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
