import type { Stores } from '../assemble/stores.ts'
import { TOKEN_KINDS, type TokenKind } from '../counters.ts'
import type { Duration } from '../duration.ts'
import { ConfigError } from '../errors.ts'
import { type Check, object, optional, satisfying, span, text } from '../options/check.ts'
import type { Clock } from '../ports/clock.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Presented } from '../verify/verifier.ts'
import { Drill } from './drill.ts'
import type { DrillReport } from './drill-report.ts'
import type { Outlook } from './outlook.ts'

/** What to drill. */
export interface DrillOptions {
  /** Whose authorization server is imagined dead: one of the configured issuers. */
  readonly issuer: string
  /** How long, from `'1s'` to `'24h'`. */
  readonly for: Duration
  /** Ends it early; what was counted until then is reported. */
  readonly signal?: AbortSignal | undefined
}

const drillOptions: Check<{ issuer: string; for: number; signal: AbortSignal | undefined }> = object({
  issuer: text,
  for: span('1s', '24h'),
  signal: optional(satisfying<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal')),
})

interface Running {
  readonly drill: Drill
  readonly finish: (ended: DrillReport['ended']) => void
}

/** Starts drills and ends them. */
export class DrillDesk {
  readonly #outlooks: readonly Outlook[]
  readonly #stores: Stores
  readonly #telemetry: Telemetry
  readonly #clock: Clock
  /** By issuer. */
  readonly #running = new Map<string, Running>()
  #isClosed = false

  constructor(outlooks: readonly Outlook[], stores: Stores, telemetry: Telemetry, clock: Clock) {
    this.#outlooks = outlooks
    this.#stores = stores
    this.#telemetry = telemetry
    this.#clock = clock
  }

  /** @throws {ConfigError} or rejects with one: for wrong options, a drill that runs already, a server that is closed. */
  async run(options: DrillOptions): Promise<DrillReport> {
    const { issuer, for: duration, signal } = drillOptions(options, 'drill')
    const outlook = this.#outlooks.find(({ parts }) => parts.issuer === issuer)
    if (!outlook) {
      const issuers = this.#outlooks.map(({ parts }) => `"${parts.issuer}"`).join(', ')
      throw new ConfigError(`option "drill.issuer" is not configured; write one of ${issuers}`)
    }
    if (this.#isClosed) throw new ConfigError('drill(): the server is closed')
    if (this.#running.has(issuer)) {
      throw new ConfigError(`drill(): one runs for "${issuer}"; wait for its report, or end it by its signal`)
    }
    return new Promise((resolve) => this.#begin(outlook, duration, signal, resolve))
  }

  /** A token was refused, by whoever judges it. */
  refused(error: unknown, issuer: string, kind: TokenKind, presented: Presented): void {
    if (this.#running.size > 0) this.#running.get(issuer)?.drill.refused(error, kind, presented)
  }

  /** Ends those that run. */
  close(): void {
    this.#isClosed = true
    for (const { finish } of this.#running.values()) finish('closed')
  }

  #begin(
    outlook: Outlook,
    duration: number,
    signal: AbortSignal | undefined,
    resolve: (report: DrillReport) => void,
  ): void {
    const { issuer, tallies } = outlook.parts
    const drill = new Drill(outlook, this.#stores.introspected, this.#clock)
    const cancel = this.#clock.after(duration, () => finish('time'))
    const finish = (ended: DrillReport['ended']): void => {
      cancel()
      signal?.removeEventListener('abort', aborted)
      this.#running.delete(issuer)
      this.#listen()
      for (const kind of TOKEN_KINDS) tallies[kind].drill = undefined
      const report = drill.end(ended)
      this.#telemetry.emit({ type: 'drill', issuer, state: 'ended', report })
      resolve(report)
    }
    const aborted = (): void => finish('aborted')
    this.#running.set(issuer, { drill, finish })
    this.#listen()
    for (const kind of TOKEN_KINDS) tallies[kind].drill = drill
    this.#telemetry.emit({ type: 'drill', issuer, state: 'started', report: undefined })
    if (signal?.aborted) aborted()
    else signal?.addEventListener('abort', aborted, { once: true })
  }

  /** Has the store tell what goes while somebody wants to know. */
  #listen(): void {
    const drills = [...this.#running.values()].map(({ drill }) => drill)
    this.#stores.introspected.leaving =
      drills.length === 0 ? undefined : (digest, held) => drills.forEach((drill) => drill.leaving(digest, held))
  }
}
