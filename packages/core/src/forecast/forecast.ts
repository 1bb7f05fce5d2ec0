import type { Parts } from '../assemble/server.ts'
import { type Tally, TOKEN_KINDS, type TokenKind } from '../counters.ts'
import type { ResilienceSettings, Settings } from '../options/settings.ts'
import { type Clock, type Instant, instantOf } from '../ports/clock.ts'
import { usableTime } from '../verify/evidence-terms.ts'
import { SINCE } from '../verify/token-columns.ts'
import { Outlook } from './outlook.ts'

/** How long the authorization server is gone. Milliseconds. */
const HORIZONS = { '1m': 60_000, '5m': 300_000, '1h': 3_600_000 } as const
export type Horizon = keyof typeof HORIZONS
const NAMES = Object.keys(HORIZONS) as readonly Horizon[]

/**
 * The part, from 0 to 1, of the requests accepted in the last minute that would still be served, with the same tokens, so
 * long after the authorization server died; `undefined` where there were none.
 */
export type Survivable = Readonly<Record<Horizon, number | undefined>>

/** Until when known tokens could be judged, in seconds since 1970; `undefined` where none is known. */
export interface JudgedUntil {
  /** The end of the key set; with `mode: 'online'` that of the last answer, where it is sooner. `Infinity` for pinned keys. */
  readonly jwt: number | undefined
  /** The end of the answer that counts longest. */
  readonly opaque: number | undefined
}

/** What would become of requests if the authorization servers died now. */
export interface Forecast {
  /** Of all requests, if all of them died. */
  readonly survivable: Survivable
  /** In the order of the configuration. */
  readonly issuers: readonly { readonly survivable: Survivable; readonly judgedUntil: JudgedUntil }[]
}

/** Requests, and how many of them would still be served, by horizon. Fractions, where they stand for others. */
interface Expected {
  requests: number
  readonly served: Record<Horizon, number>
}

/** Answers looked at more closely for the one that counts longest. */
const ANSWERS = 20_000
/** Milliseconds for which a forecast is good enough: it takes up to some milliseconds, and probes may ask at any rate. */
const SHELF_LIFE = 1_000

/** Makes forecasts, at most one in a second. */
export class Forecaster {
  readonly outlooks: readonly Outlook[]
  readonly #parts: Parts
  readonly #clock: Clock
  readonly #terms: ResilienceSettings
  #last: { readonly at: number; readonly forecast: Forecast } | undefined

  constructor(settings: Settings, parts: Parts) {
    this.outlooks = parts.issuers.map((one, index) => new Outlook(one, settings.issuers[index]!, parts, settings))
    this.#parts = parts
    this.#clock = settings.ports.clock
    this.#terms = settings.resilience
  }

  get forecast(): Forecast {
    const now = instantOf(this.#clock)
    if (!this.#last || now.monotonic - this.#last.at >= SHELF_LIFE) {
      this.#last = { at: now.monotonic, forecast: this.#make(now) }
    }
    return this.#last.forecast
  }

  #make(now: Instant): Forecast {
    const expected = this.outlooks.map((outlook) => expectedOf(outlook, now))
    const ends = this.#answersEnd(now)
    return {
      survivable: survivableOf(expected),
      issuers: this.outlooks.map((outlook, index) => ({
        survivable: survivableOf([expected[index]!]),
        judgedUntil: judgedUntil(outlook, ends, now),
      })),
    }
  }

  /** How long the last answer about tokens of each issuer and kind will count. Most are told apart by when they came. */
  #answersEnd(now: Instant): ReadonlyMap<Tally, number> {
    const outlooks = new Map<Tally, Outlook>()
    for (const one of this.outlooks) {
      for (const kind of TOKEN_KINDS) if (one.hasAnswers(kind)) outlooks.set(one.parts.tallies[kind], one)
    }
    const ends = new Map([...outlooks.keys()].map((tally) => [tally, 0]))
    let soonest = 0
    let left = ANSWERS
    const longest = usableTime(this.#terms, undefined) - now.wall
    const wanted = (numbers: Float64Array, at: number): boolean => left > 0 && numbers[at + SINCE]! + longest > soonest
    for (const answer of this.#parts.introspected.sift(wanted)) {
      left -= 1
      const { tally } = answer.provenance
      const lasts = outlooks.get(tally)?.answerLasts(answer, now) ?? 0
      if (lasts <= (ends.get(tally) ?? 0)) continue
      ends.set(tally, lasts)
      soonest = Math.min(...ends.values())
    }
    return ends
  }
}

function expectedOf(outlook: Outlook, now: Instant): Expected {
  const sum: Expected = { requests: 0, served: { '1m': 0, '5m': 0, '1h': 0 } }
  for (const kind of TOKEN_KINDS) {
    for (const { requests, samples } of outlook.parts.tallies[kind].traffic.lastMinute(now.monotonic)) {
      const lasts = samples.map((sighting) => outlook.lasts(kind, sighting, now))
      sum.requests += requests
      for (const name of NAMES) {
        const served = lasts.filter((ms) => ms > HORIZONS[name]).length
        sum.served[name] += (requests * served) / samples.length
      }
    }
  }
  return sum
}

function survivableOf(all: readonly Expected[]): Survivable {
  const requests = all.reduce((sum, one) => sum + one.requests, 0)
  const ratio = (name: Horizon): number | undefined =>
    requests === 0 ? undefined : all.reduce((sum, { served }) => sum + served[name], 0) / requests
  return { '1m': ratio('1m'), '5m': ratio('5m'), '1h': ratio('1h') }
}

function judgedUntil(outlook: Outlook, ends: ReadonlyMap<Tally, number>, now: Instant): JudgedUntil {
  const { tallies, keys } = outlook.parts
  const at = (lasts: number): number | undefined => (lasts > 0 ? (now.wall + lasts) / 1_000 : undefined)
  const answered = (kind: TokenKind): number => ends.get(tallies[kind]) ?? 0
  const signed = keys?.remaining ?? 0
  return {
    jwt: at(outlook.needsAnswer('jwt') ? Math.min(signed, answered('jwt')) : signed),
    opaque: at(answered('opaque')),
  }
}
