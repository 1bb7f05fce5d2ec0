import type { Frame } from '../frame.ts'

/** Frames of one recording; a scenario takes far fewer. */
const CAPACITY = 2_000

/** Keeps every frame of the scenario that runs, or ran last. */
export class Recorder {
  #frames: Frame[] = []
  #is: 'idle' | 'recording' | 'ending' = 'idle'

  /** Empty before the first scenario. */
  get frames(): readonly Frame[] {
    return this.#frames
  }

  begin(): void {
    this.#frames = []
    this.#is = 'recording'
  }

  /** The next frame is the last one: it holds the end. */
  end(): void {
    if (this.#is === 'recording') this.#is = 'ending'
  }

  add(frame: Frame): void {
    if (this.#is === 'idle') return
    if (this.#frames.length < CAPACITY) this.#frames = [...this.#frames, frame]
    if (this.#is === 'ending') this.#is = 'idle'
  }
}
