import { chance } from '../engine/chance.ts'

/** Traffic written down beforehand, so that two worlds can be given the same. Times are milliseconds from the start. */

export interface PlannedToken {
  readonly kind: 'jwt' | 'opaque'
  readonly subject: string
  readonly issuedAt: number
  readonly life: number
  /** Made for one call: whoever made it has a new one for the next. */
  readonly oneShot: boolean
}

export interface PlannedRequest {
  readonly at: number
  readonly token: PlannedToken
  /** Whether its route asks for `fresh('5s')`. */
  readonly demanding: boolean
}

export interface PlanTerms {
  readonly seed: number
  readonly sessions: number
  /** Of all sessions together. */
  readonly perSecond: number
  readonly oneShotsPerSecond: number
  readonly tokenLife: number
  /** Share of the sessions that have JWTs. */
  readonly jwtShare: number
  readonly demandingShare: number
  readonly until: number
}

/** Sessions, some busier than others, that renew their tokens when these end; beside them, tokens for one call each. */
export function planOf(terms: PlanTerms): readonly PlannedRequest[] {
  const random = chance(`plan ${terms.seed}`)
  const requests: PlannedRequest[] = []
  const at = (mean: number, use: (moment: number) => void): void => {
    for (let now = random.exponential(mean); now < terms.until; now += random.exponential(mean)) use(now)
  }
  const demanding = (): boolean => random.happens(terms.demandingShare)
  for (let session = 0; session < terms.sessions; session += 1) {
    const kind = session < terms.sessions * terms.jwtShare ? 'jwt' : 'opaque'
    const share = (2 * (session % 10) + 1) / 100
    const offset = random.next() * terms.tokenLife
    const tokens = new Map<number, PlannedToken>()
    at(1_000 / ((terms.perSecond * share * 10) / terms.sessions), (now) => {
      const turn = Math.floor((now + offset) / terms.tokenLife)
      const issuedAt = turn * terms.tokenLife - offset
      const token = tokens.get(turn) ?? {
        kind,
        subject: `user-${session}`,
        issuedAt,
        life: terms.tokenLife,
        oneShot: false,
      }
      tokens.set(turn, token)
      requests.push({ at: now, token, demanding: demanding() })
    })
  }
  if (terms.oneShotsPerSecond > 0) {
    at(1_000 / terms.oneShotsPerSecond, (now) => {
      const token = { kind: 'opaque', subject: 'job', issuedAt: now, life: terms.tokenLife, oneShot: true } as const
      requests.push({ at: now, token, demanding: false })
    })
  }
  // What is decided after a wait would else be counted to one slot of the gauge or to the next.
  return requests.filter((one) => one.at % 5_000 < 4_900).toSorted((one, other) => one.at - other.at)
}
