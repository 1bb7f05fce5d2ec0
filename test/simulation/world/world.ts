import type { AuthRequest } from '@holdfast/core'
import { type Chance, chance } from '../engine/chance.ts'
import { Scheduler } from '../engine/scheduler.ts'
import { Trace } from '../engine/trace.ts'
import { AuthorizationServer } from './authorization-server.ts'
import type { Contender, Decision, Policy } from './contender.ts'
import { Network } from './network.ts'
import { isActive, type Token, Tokens } from './tokens.ts'

const ISSUER = 'https://as.example'

export interface WorldOptions {
  readonly seed: number
  readonly policy: Policy
  /** Default 1, at most 31. */
  readonly replicas?: number
  /** Introspections per second of the one authorization server. */
  readonly capacity: number
  /** Milliseconds to the authorization server and back. Default 20. */
  readonly roundTrip?: number
}

/** A request that has been decided, as those who count see it. */
export interface Sample {
  /** Monotonic milliseconds of the arrival. */
  readonly at: number
  /** Milliseconds until the decision. */
  readonly waited: number
  readonly replica: number
  /** `undefined` for what is no token. */
  readonly token: Token | undefined
  /** On arrival, the replica had had an active answer for this token. */
  readonly known: boolean
  /** On arrival, the authorization server stood by the token. */
  readonly active: boolean
  readonly decision: Decision
}

export interface Replica {
  readonly index: number
  readonly contender: Contender
  readonly network: Network
}

/** A run: replicas of one policy, the network, one authorization server, and virtual time. Built from a seed alone. */
export class World {
  readonly trace: Trace = new Trace()
  readonly scheduler: Scheduler = new Scheduler(this.trace)
  readonly tokens: Tokens
  readonly server: AuthorizationServer
  readonly replicas: readonly Replica[]
  /** Hears of every decision. */
  onSample: ((sample: Sample) => void) | undefined
  /** Requests that are not decided yet. */
  waiting = 0
  readonly #seed: number

  constructor({ seed, policy, replicas = 1, capacity, roundTrip = 20 }: WorldOptions) {
    if (replicas < 1 || replicas > 31) throw new RangeError('a world has 1 to 31 replicas')
    this.#seed = seed
    const { scheduler, trace } = this
    const tokens = (this.tokens = new Tokens(this.chance('tokens'), scheduler))
    this.server = new AuthorizationServer({ issuer: ISSUER, capacity, seed }, { scheduler, trace, tokens })
    this.replicas = Array.from({ length: replicas }, (_, index) => {
      const network = new Network(index, { scheduler, trace, tokens, servers: [this.server], roundTrip })
      const random = this.chance(`replica ${index}`)
      return { index, network, contender: policy({ clock: scheduler, random, http: network, issuer: ISSUER }) }
    })
  }

  get now(): number {
    return this.scheduler.monotonic()
  }

  /** A stream of random numbers of its own. */
  chance(name: string): Chance {
    return chance(`${this.#seed}/${name}`)
  }

  /** Sends a request to a replica now, as an adapter would. */
  request(
    replica: Replica,
    token: Token | undefined,
    request: AuthRequest,
    decided?: (decision: Decision) => void,
  ): void {
    const at = this.now
    const known = token !== undefined && (token.knownTo & (1 << replica.index)) !== 0
    const active = isActive(token, at)
    const finish = (decision: Decision): void => {
      const now = this.now
      this.trace.add(now, decision.outcome, token?.number ?? 0, decision.age, decision.reason)
      this.onSample?.({ at, waited: now - at, replica: replica.index, token, known, active, decision })
      decided?.(decision)
    }
    const decision = replica.contender.decide(request)
    if (!(decision instanceof Promise)) return finish(decision)
    this.waiting += 1
    const finishLate = (late: Decision): void => {
      this.waiting -= 1
      finish(late)
    }
    decision.then(finishLate).catch((error: unknown) => this.scheduler.fail(error as Error))
  }

  /** Lets time pass until this moment (monotonic milliseconds). */
  run(until: number, afterEach?: () => void): Promise<void> {
    return this.scheduler.run(until, afterEach)
  }

  async close(): Promise<void> {
    await Promise.all(this.replicas.map(({ contender }) => contender.close()))
  }
}

/** A request with this token, as Node would give it. */
export function bearer(token: string, source: string): AuthRequest {
  return { method: 'GET', url: '/', rawHeaders: ['Authorization', `Bearer ${token}`], source }
}
