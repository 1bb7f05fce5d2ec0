import { type Chance, zipf } from '../engine/chance.ts'
import { EPOCH } from '../engine/scheduler.ts'
import type { SmallWorld } from './run.ts'
import type { TrueToken } from './truth.ts'

interface Session {
  readonly subject: string
  readonly shape: TrueToken['shape']
  readonly source: string
  token: TrueToken
}

/** How often things happen beside requests: mean milliseconds between two. */
const EVERY = {
  revokedAtServer: 8_000,
  revoked: 12_000,
  subjectRevoked: 30_000,
  invalidated: 6_000,
  restarted: 15_000,
  rotated: 12_000,
  jumped: 15_000,
} as const
const JUMPS = [-10_800_000, -60_000, -5_000, 5_000, 60_000, 10_800_000]
const FRESH_WITHIN = [0, 100, 2_000]

/** What the world does to a resource server: requests of every kind, orders, restarts, new keys, wall clock jumps. */
export class Workload {
  requests = 0
  /** Random tokens per second. */
  flood = 0
  isStorm = true
  readonly sessions: Session[] = []
  readonly #world: SmallWorld
  readonly #random: Chance
  readonly #choice: () => number

  constructor(world: SmallWorld) {
    const { settings, truth } = world
    this.#world = world
    this.#random = world.chance('workload')
    this.#choice = zipf(settings.sessions, settings.zipf, world.chance('popularity'))
    for (let n = 0; n < settings.sessions; n += 1) {
      const subject = `user-${n}`
      const shape = settings.mode !== undefined && n % 3 === 0 ? 'jwt' : 'opaque'
      const token = truth.issue(shape, subject, settings.tokenLife * (0.2 + this.#random.next()))
      this.sessions.push({ subject, shape, token, source: `10.0.${n % 7}.1` })
    }
  }

  begin(): void {
    const { settings, truth, chance } = this.#world
    this.#often(
      chance('requests'),
      () => 1_000 / settings.rate,
      () => this.#request(),
    )
    this.#often(
      chance('flood'),
      () => (this.flood > 0 ? 1_000 / this.flood : 5_000),
      () => this.flood > 0 && this.#forged(),
    )
    const happens = (name: keyof typeof EVERY, act: () => void): void =>
      this.#often(chance(name), () => EVERY[name], act)
    happens('revokedAtServer', () => {
      this.#anyone().token.revoked = true
    })
    happens('revoked', () => this.#world.instance.revoke(this.#anyone().token))
    happens('subjectRevoked', () => this.#world.instance.revokeSubject(this.#anyone().subject))
    happens('invalidated', () => this.#world.instance.invalidate(this.#anyone().token))
    if (settings.restarts) happens('restarted', () => this.#restart())
    if (settings.mode !== undefined) happens('rotated', () => truth.rotate(this.#random.below(3)))
    if (settings.jumps) happens('jumped', () => this.#jump(this.#random.pick(JUMPS)))
  }

  /** Ends the storm, sets the wall clock right and lets every session have a good token. */
  calm(): void {
    this.isStorm = false
    this.flood = 0
    const { scheduler } = this.#world
    this.#jump(EPOCH + scheduler.monotonic() - scheduler.wall())
  }

  /** A session's next request; a token that is refused is renewed. */
  ask(session: Session): void {
    const { token } = session
    if (!this.#world.truth.isActive(token) && this.#random.happens(0.7)) this.renew(session)
    this.#send(session.token, session.source, (how) => {
      const refused = how.startsWith('token_') || how.startsWith('key_')
      if (refused && session.token === token && this.#random.happens(0.5)) this.renew(session)
    })
  }

  anyone(): Session {
    return this.sessions[this.#choice()]!
  }

  #anyone(): Session {
    return this.#random.happens(0.5) ? this.anyone() : this.#random.pick(this.sessions)
  }

  #request(): void {
    const { truth, settings } = this.#world
    const random = this.#random
    if (random.happens(0.06)) {
      // A token for one purpose, used twice.
      const token = truth.issue('opaque', `job-${this.requests}`, settings.tokenLife)
      this.#send(token, '10.1.0.1')
      this.#send(token, '10.1.0.1')
      return
    }
    if (random.happens(0.06)) return this.#forged()
    const session = this.anyone()
    this.ask(session)
    if (random.happens(0.1)) this.#send(session.token, session.source)
  }

  renew(session: Session): void {
    const { truth, settings } = this.#world
    session.token = truth.issue(session.shape, session.subject, settings.tokenLife)
  }

  #forged(): void {
    const { truth, settings } = this.#world
    const jwt = settings.mode !== undefined && this.#random.happens(0.2)
    if (jwt && this.#random.happens(0.1)) truth.rotateForger()
    this.#send(truth.forge(jwt ? 'jwt' : 'opaque'), `203.0.113.${this.#random.below(20)}`)
  }

  #send(token: TrueToken, source: string, decided?: (how: string) => void): void {
    const random = this.#random
    this.requests += 1
    this.#world.instance.ask(token, {
      source,
      ...(decided && { decided }),
      ...(random.happens(0.06) && { leavesAfter: random.below(300) }),
      ...(random.happens(0.08) && { freshWithin: random.pick(FRESH_WITHIN) }),
    })
  }

  #restart(): void {
    const { trace, scheduler } = this.#world
    trace.add(scheduler.monotonic(), 'note', 0, 0, 'killed and started')
    this.#world.instance.kill()
    this.#world.instance = this.#world.start()
  }

  #jump(by: number): void {
    const { scheduler, trace } = this.#world
    scheduler.shiftWall(by)
    trace.add(scheduler.monotonic(), 'note', 0, by, 'the wall clock jumps')
  }

  /** Again and again at random moments, as long as the storm lasts. */
  #often(random: Chance, mean: () => number, act: () => void): void {
    this.#world.scheduler.after(random.exponential(mean()), () => {
      if (!this.isStorm) return
      act()
      this.#often(random, mean, act)
    })
  }
}
