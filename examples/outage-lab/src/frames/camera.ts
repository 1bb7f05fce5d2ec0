import type { Frame, VariantFrame, VariantName } from '../frame.ts'
import type { Controls } from '../controls.ts'
import type { LoadGenerator } from '../load/load-generator.ts'
import type { Parts } from '../parts.ts'
import { History } from './history.ts'
import type { Journal } from './journal.ts'
import { Recorder } from './recorder.ts'
import { serverFrames } from './server-frames.ts'
import { variantFrames } from './variant-frames.ts'

/** Frames that are kept: ten minutes. */
const HISTORY = 600

/** Takes frames, keeps the last ones, and tells whoever watches. */
export class Camera {
  readonly history: History<Frame> = new History(HISTORY)
  readonly recorder: Recorder = new Recorder()
  readonly #now: () => number
  readonly #generator: LoadGenerator
  readonly #journal: Journal
  readonly #variants: readonly (readonly [VariantName, () => VariantFrame])[]
  readonly #server: ReturnType<typeof serverFrames>
  readonly #watchers = new Set<(frame: Frame) => void>()
  #seq = 0
  #last: number

  /** @param now Milliseconds since the laboratory was started. */
  constructor({ server, variants, callers }: Parts, generator: LoadGenerator, journal: Journal, now: () => number) {
    this.#now = now
    this.#generator = generator
    this.#journal = journal
    this.#variants = variants.map((variant, index) => [variant.name, variantFrames(variant, callers[index]!)] as const)
    this.#server = serverFrames(server.traffic)
    this.#last = now()
  }

  take({ weather, load, scenario }: Pick<Controls, 'weather' | 'load' | 'scenario'>): Frame {
    const at = this.#now()
    const frame: Frame = {
      seq: (this.#seq += 1),
      at: Math.round(at),
      span: Math.round(at - this.#last),
      weather,
      load,
      scenario,
      variants: Object.fromEntries(this.#variants.map(([name, take]) => [name, take()])) as Frame['variants'],
      server: this.#server(),
      skipped: this.#generator.takeSkipped(),
      notes: this.#journal.take(),
    }
    this.#last = at
    this.history.add(frame)
    this.recorder.add(frame)
    for (const watcher of this.#watchers) watcher(frame)
    return frame
  }

  /** @returns Ends it. */
  watch(watcher: (frame: Frame) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}
