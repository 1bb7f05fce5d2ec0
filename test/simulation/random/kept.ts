import type { Store } from '@holdfast/core'
import type { Chance } from '../engine/chance.ts'
import type { Scheduler } from '../engine/scheduler.ts'
import type { StoreHealth } from './settings.ts'

/** What those who judge a run know of what the store holds. */
export interface KeptFacts {
  /** What is known when a save begins. */
  saving(name: string): unknown
  /** What was known at the save behind a value that was just read; `undefined` where there is none. */
  loaded(name: string, fact: unknown): void
}

/** What outlives the processes of a run: values, and for each what was known when it was written. */
export class Kept {
  readonly #values = new Map<string, { readonly value: string; readonly fact: unknown }>()
  readonly #scheduler: Scheduler
  readonly #random: Chance
  readonly #health: StoreHealth
  /** From now on the store does what it is asked. */
  healed = false

  constructor(health: StoreHealth, scheduler: Scheduler, random: Chance) {
    this.#health = health
    this.#scheduler = scheduler
    this.#random = random
  }

  /** The store of one process; what it asks is lost when the process dies first. `undefined` where a run has none. */
  port(facts: KeptFacts, isAlive: () => boolean): Store | undefined {
    if (this.#health === 'none') return undefined
    return {
      load: (name) =>
        this.#do(isAlive, () => {
          const kept = this.#values.get(name)
          facts.loaded(name, kept?.fact)
          return kept?.value
        }),
      save: (name, value) => {
        const fact = facts.saving(name)
        return this.#do(isAlive, () => void this.#values.set(name, { value, fact }))
      },
    }
  }

  /** Does it after a few milliseconds, or fails, or says nothing at all. */
  #do<T>(isAlive: () => boolean, work: () => T): Promise<T> {
    const trouble = this.#trouble()
    return new Promise((resolve, reject) => {
      if (trouble === 'silent') return
      this.#scheduler.after(1 + this.#random.below(5), () => {
        if (!isAlive()) return
        if (trouble === 'fails') reject(new Error('disk full'))
        else resolve(work())
      })
    })
  }

  #trouble(): 'silent' | 'fails' | undefined {
    const share = this.healed || this.#health === 'works' ? 0 : this.#health === 'fails' ? 1 : 0.4
    if (!this.#random.happens(share)) return undefined
    return this.#random.happens(0.2) ? 'silent' : 'fails'
  }
}
