import type { AuthorizationServer } from './authorization-server/authorization-server.ts'
import type { ActionName, Load, Progress, ScenarioName, WeatherName } from './frame.ts'
import type { Journal } from './frames/journal.ts'
import type { LoadGenerator } from './load/load-generator.ts'
import { Player } from './scenarios/player.ts'
import { SCENARIOS, type Step } from './scenarios/scenarios.ts'
import { ACTIONS } from './texts.ts'
import type { Variant } from './variants/variant.ts'
import { WEATHERS } from './weather/weathers.ts'

/** Something was asked for that cannot be done now. Its message is for the person who asked. */
export class NotNow extends Error {
  override readonly name = 'NotNow'
}

export interface ControlParts {
  readonly server: AuthorizationServer
  readonly variants: readonly Variant[]
  readonly generator: LoadGenerator
  readonly journal: Journal
  /** The load at the beginning of a scenario. */
  readonly usualLoad: Load
  readonly speed: number
  /** A scenario begins, or is over. */
  readonly onScenario: (is: 'begun' | 'over') => void
}

/** Everything that a person, or a scenario, can do to the laboratory. */
export class Controls {
  readonly #parts: ControlParts
  readonly #player: Player
  readonly #actions: Readonly<Record<ActionName, () => void | Promise<void>>> = {
    'rotate-keys': () => this.#parts.server.rotateKeys(),
    'withdraw-old-keys': async () => {
      await this.#parts.generator.population.forgetJwts()
      this.#parts.server.withdrawOldKeys()
    },
    'revoke-user': () => this.#revoke(false),
    'revoke-user-everywhere': () => this.#revoke(true),
    drill: () => this.#drill(),
  }
  #weather: WeatherName = 'healthy'
  #isDrilling = false

  constructor(parts: ControlParts) {
    this.#parts = parts
    this.#player = new Player(
      {
        begin: (name) => this.#begin(name),
        step: (step) => this.#step(step),
        end: (name, early) => this.#end(name, early),
      },
      parts.speed,
    )
  }

  get weather(): WeatherName {
    return this.#weather
  }

  set weather(name: WeatherName) {
    const { server, variants, journal } = this.#parts
    const { fault, knowsApis, title } = WEATHERS[name]
    if (knowsApis !== WEATHERS[this.#weather].knowsApis) server.knowApis(knowsApis)
    for (const { proxy } of variants) proxy.suffer(fault)
    if (name !== this.#weather) journal.note('weather', title)
    this.#weather = name
  }

  get load(): Load {
    return this.#parts.generator.load
  }

  set load(load: Load) {
    const { generator, journal } = this.#parts
    const changed = Object.entries(load).filter(([name, value]) => value !== generator.load[name as keyof Load])
    if (changed.length > 0) journal.note('load', changed.map(([name, value]) => `${name} ${value}`).join(', '))
    generator.change(load)
  }

  get scenario(): Progress | null {
    return this.#player.progress
  }

  play(name: ScenarioName): void {
    this.#player.play(name)
  }

  stop(): void {
    this.#player.stop()
  }

  /** @throws {NotNow} when every user is revoked already, or a drill goes on. */
  async act(name: ActionName): Promise<void> {
    await this.#actions[name]()
    this.#parts.journal.note('action', ACTIONS[name].title)
  }

  #drill(): void {
    if (this.#isDrilling) throw new NotNow('a drill goes on; the log will say what came of it')
    this.#isDrilling = true
    const over = Promise.all(this.#parts.variants.map((variant) => variant.drill()))
    void over.finally(() => {
      this.#isDrilling = false
    })
  }

  async #revoke(everywhere: boolean): Promise<void> {
    const { generator, variants } = this.#parts
    const subject = await generator.population.revoke()
    if (subject === undefined) throw new NotNow('every user is revoked already; a scenario begins with new ones')
    if (everywhere) await Promise.all(variants.map((variant) => variant.revoke(subject)))
  }

  #begin(name: ScenarioName): void {
    const { generator, journal, usualLoad, onScenario } = this.#parts
    onScenario('begun')
    journal.note('scenario', `${SCENARIOS[name].title} begins`)
    this.weather = 'healthy'
    this.load = usualLoad
    generator.population.renew()
  }

  #step(step: Step): void {
    if ('weather' in step) this.weather = step.weather
    else if ('load' in step) this.load = { ...this.load, ...step.load }
    else this.act(step.action).catch((error: unknown) => this.#parts.journal.note('action', String(error)))
  }

  #end(name: ScenarioName, early: boolean): void {
    const { journal, onScenario } = this.#parts
    journal.note('scenario', `${SCENARIOS[name].title} ${early ? 'was ended' : 'is over'}`)
    onScenario('over')
  }
}
