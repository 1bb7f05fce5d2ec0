import { randomBytes } from 'node:crypto'
import { generate } from 'selfsigned'
import { Child, twoCores } from '../../http/child.ts'
import type { LoadMessage, LoadReport } from '../../http/messages.ts'
import { interleaved, type Passes } from '../../passes.ts'
import { times } from '../micro/tokens.ts'
import type { AppMessage, AuthorizationServerMessage, CallAccount, CallCost, Endpoint } from './messages.ts'

/** How often all tokens are sent, at most, until what caches asks about few of them only. */
const FILLINGS = 20
const FEW = 0.02
/** Milliseconds beyond what was asked for. */
const PATIENCE = 30_000

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
    await this.#load.ask({ do: 'connect', port, connections: load.connections })
    for (const subject of subjects) await this.#warmUp(subject, load)
    return interleaved(subjects, count, async (subject) => {
      const pass = await this.#play(subject, load.millis, 0)
      if (pass.refused > 0) throw new Error(`${subject}: ${pass.refused} answers other than 200`)
      return pass
    })
  }

  /** Calls and nothing else, with new tokens. */
  async calls(subjects: readonly string[], passes: number, count: number): Promise<Passes<CallCost>> {
    await this.#begin({ tls: false, delay: 0 })
    const play = (subject: string): Promise<CallCost> =>
      this.#app.ask({ do: 'calls', subject, count } satisfies AppMessage, PATIENCE)
    for (const subject of subjects) await play(subject) // until the compiler is done with it
    return interleaved(subjects, passes, play)
  }

  /** What a subject asked since the row began. */
  async account(client: string): Promise<CallAccount> {
    return this.#as.ask({ do: 'account', client } satisfies AuthorizationServerMessage)
  }

  async #begin({ tls, delay }: Place): Promise<number> {
    const certificate = tls ? this.#certificate : undefined
    const issuer = await this.#as.ask<string>({ do: 'start', certificate } satisfies AuthorizationServerMessage)
    await this.#as.ask({ do: 'delay', millis: delay } satisfies AuthorizationServerMessage)
    const endpoint: Endpoint = { issuer, ca: certificate?.cert }
    return this.#app.ask<number>({ do: 'start', endpoint } satisfies AppMessage)
  }

  /** What caches knows its tokens before its first pass; how fast it may ask about them, it learns on the way. */
  async #warmUp(subject: string, { tokens, millis }: Load): Promise<void> {
    await this.#play(subject, millis, 0)
    if (subject !== 'holdfast' && subject !== 'ttl cache') return
    for (let filling = 0; filling < FILLINGS; filling += 1) {
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
