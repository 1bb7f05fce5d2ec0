import { Child, type twoCores } from '../../http/child.ts'
import type { LoadMessage, LoadReport } from '../../http/messages.ts'
import type { Alg } from '../micro/tokens.ts'
import { AT_ONCE, type Burst, type BurstMessage, type BurstServerMessage, type BurstSubject } from './messages.ts'

/** Milliseconds for signing the tokens of a pass, and for a pass. */
const PATIENCE = 60_000

/** Where bursts are judged. */
export interface Place {
  /** What stands behind the name of a row. */
  readonly suffix: string
  readonly algorithms: readonly Alg[]
  readonly open: () => Bursts
}

export interface Bursts {
  readonly prepare: (alg: Alg, bursts: number) => Promise<void>
  readonly play: (subject: BurstSubject, bursts: number) => Promise<Burst>
  readonly close: () => Promise<void>
}

export const inProcess = (core: number | undefined) => (): Bursts => {
  const child = new Child(new URL('process.js', import.meta.url), core)
  return {
    prepare: (alg, bursts) => child.ask({ do: 'prepare', alg, bursts } satisfies BurstMessage, PATIENCE),
    play: (subject, bursts) => child.ask<Burst>({ do: 'pass', subject, bursts } satisfies BurstMessage, PATIENCE),
    close: () => child.stop(),
  }
}

/** The server on one core, its load on another: 64 connections, of which none is ever idle. */
export const inServer =
  ([serverCore, loadCore]: NonNullable<ReturnType<typeof twoCores>>) =>
  (): Bursts => {
    const server = new Child(new URL('server.js', import.meta.url), serverCore)
    const load = new Child(new URL('../../http/load.js', import.meta.url), loadCore)
    const ask = <T>(message: BurstServerMessage): Promise<T> => server.ask<T>(message, PATIENCE)
    return {
      async prepare(alg, bursts) {
        const [port, tokens] = await ask<[number, readonly string[]]>({ do: 'start', alg, bursts })
        await load.ask({ do: 'tokens', tokens: [tokens[0]!, ...tokens] })
        await load.ask({ do: 'connect', port, connections: AT_ONCE })
      },
      async play(subject, bursts) {
        await ask({ do: 'use', subject })
        const length = { millis: 0, requests: bursts * AT_ONCE, atMostMillis: PATIENCE }
        const run: LoadMessage = { do: 'run', subject, mix: 'rotating', length }
        const { requests, refused } = await load.ask<LoadReport>(run, 2 * PATIENCE)
        const burst = await ask<Burst>({ do: 'end', count: requests })
        if (refused > 0) throw new Error(`${subject}: ${refused} answers other than 200`)
        return burst
      },
      close: async () => void (await Promise.all([server.stop(), load.stop()])),
    }
  }
