import type { Progress, ScenarioName } from '../frame.ts'
import { SCENARIOS, type Step } from './scenarios.ts'

/** What a scenario may do. */
export interface Stage {
  /** Everything as at the start: healthy, the usual load, users whom no API knows. */
  begin(name: ScenarioName): void
  step(step: Step): void
  /** The last second is over, or somebody ended it. */
  end(name: ScenarioName, early: boolean): void
}

/** Plays one scenario at a time. */
export class Player {
  readonly #stage: Stage
  readonly #speed: number
  #playing: { readonly name: ScenarioName; readonly since: number } | undefined
  #timers: NodeJS.Timeout[] = []

  /** @param speed Scenario seconds in a second. */
  constructor(stage: Stage, speed: number) {
    this.#stage = stage
    this.#speed = speed
  }

  get progress(): Progress | null {
    if (!this.#playing) return null
    const { name, since } = this.#playing
    const { seconds } = SCENARIOS[name]
    const elapsed = Math.min(seconds, ((performance.now() - since) / 1_000) * this.#speed)
    return { name, elapsed: Math.round(elapsed * 10) / 10, seconds }
  }

  /** Begins now, in place of one that runs. */
  play(name: ScenarioName): void {
    this.stop()
    const { steps, seconds } = SCENARIOS[name]
    this.#playing = { name, since: performance.now() }
    this.#stage.begin(name)
    for (const step of steps) this.#at(step.at, () => this.#stage.step(step))
    this.#at(seconds, () => this.#finish(false))
  }

  /** Ends the one that runs, if one does. */
  stop(): void {
    if (this.#playing) this.#finish(true)
  }

  #finish(early: boolean): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
    const { name } = this.#playing!
    this.#stage.end(name, early)
    this.#playing = undefined
  }

  #at(seconds: number, then: () => void): void {
    this.#timers.push(setTimeout(then, (seconds * 1_000) / this.#speed))
  }
}
