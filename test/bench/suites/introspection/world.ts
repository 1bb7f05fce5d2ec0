import { randomBytes } from 'node:crypto'
import { generate } from 'selfsigned'
import { Child, twoCores } from '../../http/child.ts'
import type { LoadMessage, LoadReport } from '../../http/messages.ts'
import { interleaved, type Passes } from '../../passes.ts'
import { times } from '../micro/tokens.ts'
import type { AppMessage, AuthorizationServerMessage, CallAccount, CallCost, Endpoint } from './messages.ts'

/**
 * Connections while caches are filled, and the part of the tokens that is known then: the adaptive limit begins at 10, and
 * grows by one in each round up to twice what is used of it. Nobody waits for a turn that does not come, and at the end
 * some 40 calls may be in flight, as in a service that has been in use: so that all answers can be renewed while they are
 * fresh, in the half of the time that a subject has.
 */
const FILLING = [
  { connections: 10, part: 0.15 },
  { connections: 19, part: 0.67 },
  { connections: 37, part: 1 },
]
/** Milliseconds until what caches asks about few tokens only: 1,000 at 50 ms take 3 s. */
const FILLED_WITHIN = 60_000
const FEW = 0.02
/** Calls in flight before the first pass, step by step for the same reason, up to all that may be. */
const STEPS = [10, 19, 37, 70, 100]
/** Calls of a step for each in flight. The compiler, too, is done after so many. */
const ROUNDS = 40
/** Milliseconds beyond what was asked for. */
const PATIENCE = 30_000

const CACHING = ['ttl cache', 'holdfast']

/** What one subject did in one pass. */
export interface Pass extends LoadReport {
  readonly cpuMicros: number
  /** To the authorization server. */
  readonly calls: number
}

/** How a row is loaded. */
export interface Load {
  /** Which come in turn. */
  readonly tokens: number
  readonly connections: number
  /** Milliseconds of a pass. */
  readonly millis: number
}

/** The authorization server of a row. */
export interface Place {
  readonly tls: boolean
  /** Milliseconds until it answers. */
  readonly delay: number
  /** Seconds for which Holdfast calls an answer fresh. Default: its own. */
  readonly fresh?: number
}

/** How many calls are made. */
export interface Calling {
  readonly passes: number
  /** In a pass. */
  readonly count: number
  readonly inFlight: number
}

/** A resource server on a core of its own; what loads it, and whom it asks, on another. */
export class World {
  readonly #app: Child
  readonly #load: Child
  readonly #as: Child
  readonly #certificate: { readonly key: string; readonly cert: string }

  static async open(say: (line: string) => void): Promise<World> {
    const cores = twoCores()
    if (!cores) say('introspection: taskset or a second core is missing: all processes share what there is')
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 2_048,
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    })
    return new World({ key, cert }, cores)
  }

  constructor(certificate: { readonly key: string; readonly cert: string }, cores: ReturnType<typeof twoCores>) {
    this.#certificate = certificate
    this.#app = new Child(new URL('app.js', import.meta.url), cores?.[0])
    this.#load = new Child(new URL('../../http/load.js', import.meta.url), cores?.[1])
    this.#as = new Child(new URL('authorization-server.js', import.meta.url), cores?.[1])
  }

  async close(): Promise<void> {
    await Promise.all([this.#app.stop(), this.#load.stop(), this.#as.stop()])
  }

  /** Every pass runs every subject once. */
  async passes(place: Place, subjects: readonly string[], load: Load, count: number): Promise<Passes<Pass>> {
    const port = await this.#begin(place)
    const tokens = times(load.tokens + 1, () => randomBytes(32).toString('base64url'))
    await this.#load.ask({ do: 'tokens', tokens })
    for (const subject of subjects) if (CACHING.includes(subject)) await this.#fill(subject, load, port)
    await this.#load.ask({ do: 'connect', port, connections: load.connections })
    for (const subject of subjects) await this.#play(subject, load.millis, 0) // until the compiler is done with it
    return interleaved(subjects, count, async (subject) => {
      const pass = await this.#play(subject, load.millis, 0)
      if (pass.refused > 0) throw new Error(`${subject}: ${pass.refused} answers other than 200`)
      return pass
    })
  }

  /** Calls and nothing else, with new tokens. */
  async calls(subjects: readonly string[], { passes, count, inFlight }: Calling): Promise<Passes<CallCost>> {
    await this.#begin({ tls: false, delay: 0 })
    const play = (subject: string, calls: number, used: number): Promise<CallCost> => {
      // That one costs several times the others, and is in no goal.
      const fewer = subject === 'fetch' ? Math.ceil(calls / 5) : calls
      return this.#app.ask({ do: 'calls', subject, count: fewer, inFlight: used } satisfies AppMessage, PATIENCE)
    }
    for (const step of STEPS.filter((used) => used <= inFlight)) {
      for (const subject of subjects) await play(subject, step * ROUNDS, step)
    }
    return interleaved(subjects, passes, (subject) => play(subject, count, inFlight))
  }

  /** What a subject asked since the row began. */
  async account(client: string): Promise<CallAccount> {
    return this.#as.ask({ do: 'account', client } satisfies AuthorizationServerMessage)
  }

  async #begin({ tls, delay, fresh }: Place): Promise<number> {
    const certificate = tls ? this.#certificate : undefined
    const issuer = await this.#as.ask<string>({ do: 'start', certificate } satisfies AuthorizationServerMessage)
    await this.#as.ask({ do: 'delay', millis: delay } satisfies AuthorizationServerMessage)
    const endpoint: Endpoint = { issuer, ca: certificate?.cert }
    return this.#app.ask<number>({ do: 'start', endpoint, fresh } satisfies AppMessage)
  }

  /** Until it knows its tokens. */
  async #fill(subject: string, { tokens, connections: atMost }: Load, port: number): Promise<void> {
    const begun = performance.now()
    for (const { connections, part } of FILLING) {
      await this.#load.ask({ do: 'connect', port, connections: Math.min(connections, atMost) })
      await this.#play(subject, 0, Math.ceil(tokens * part))
    }
    while (performance.now() - begun < FILLED_WITHIN) {
      const { calls } = await this.#play(subject, 0, tokens)
      if (calls <= tokens * FEW) return
    }
    throw new Error(`${subject}: still asks about tokens that it should know; is the machine busy with something else?`)
  }

  async #play(subject: string, millis: number, requests: number): Promise<Pass> {
    await this.#app.ask({ do: 'use', subject } satisfies AppMessage)
    const before = await this.account(subject)
    const length = { millis, requests, atMostMillis: millis + PATIENCE }
    const run: LoadMessage = { do: 'run', subject, mix: 'rotating', length }
    const report = await this.#load.ask<LoadReport>(run, length.atMostMillis + PATIENCE)
    const cpuMicros = await this.#app.ask<number>({ do: 'account' } satisfies AppMessage)
    const { calls } = await this.account(subject)
    return { ...report, cpuMicros, calls: calls - before.calls }
  }
}
