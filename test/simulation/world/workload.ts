import type { AuthRequest } from '@holdfast/core'
import { type Chance, zipf, zipfShares } from '../engine/chance.ts'
import type { Token } from './tokens.ts'
import { bearer, type Replica, type World } from './world.ts'

/** Independent arrivals at a rate that may change. */
export interface Arrivals {
  /** Per second; 0 stops them. */
  rate: number
}

/** Calls `fire` at independent random moments, `perSecond` on average, from now on. */
export function arrivals(world: World, random: Chance, perSecond: number, fire: () => void): Arrivals {
  let rate = 0
  let turn = 0
  const next = (mine: number): void => {
    world.scheduler.after(random.exponential(1_000 / rate), () => {
      if (mine !== turn) return
      next(mine)
      fire()
    })
  }
  const stream = {
    get rate() {
      return rate
    },
    set rate(value: number) {
      rate = value
      turn += 1
      if (value > 0) next(turn)
    },
  }
  stream.rate = perSecond
  return stream
}

export interface SessionsOptions {
  readonly sessions: number
  /** Exponent of the popularity of sessions. */
  readonly zipf: number
  /** Requests per second of all sessions together. */
  readonly perSecond: number
  /** Milliseconds that a token lives; then its session has the next one. */
  readonly tokenLife: number
  /** Share of tokens that are revoked at a random moment of their life. */
  readonly revokedEarly: number
  /**
   * Milliseconds over which sessions come in, one after another; before that their requests are left out. A session
   * comes in with a request wherever its token would have been used before: so soon afterwards there are as many
   * tokens that were never seen, and evidence of as many ages, as after hours.
   */
  readonly comeInOver: number
}

interface Session {
  readonly number: number
  readonly source: string
  readonly comesIn: number
  token: Token
  request: AuthRequest
}

/**
 * Sessions that use one token each, from an address of their own, and renew it when it expires or is refused (401).
 * Each request goes to a replica at random.
 */
export function sessions(world: World, options: SessionsOptions): Arrivals {
  const tokenChance = world.chance('session tokens')
  const arrivalChance = world.chance('session arrivals')
  const choice = zipf(options.sessions, options.zipf, world.chance('session choice'))
  const replicaChance = world.chance('session replicas')

  function issue(number: number, issuedAt: number): Token {
    const token = world.tokens.issue({ subject: `user-${number}`, life: options.tokenLife, issuedAt })
    // Drawn whether or not it counts: the same numbers for every policy, whatever is refused when.
    const [revoked, share] = [tokenChance.happens(options.revokedEarly), tokenChance.next()]
    if (revoked) token.revokedAt = issuedAt + share * options.tokenLife
    return token
  }

  const all = Array.from({ length: options.sessions }, (_, number): Session => {
    const token = issue(number, world.now - tokenChance.next() * options.tokenLife)
    const source = addressOf(number)
    const comesIn = world.now + tokenChance.next() * options.comeInOver
    return { number, source, comesIn, token, request: bearer(token.text, source) }
  })

  function renew(session: Session, issuedAt: number): void {
    world.tokens.drop(session.token)
    session.token = issue(session.number, issuedAt)
    session.request = bearer(session.token.text, session.source)
  }

  const shares = zipfShares(options.sessions, options.zipf)
  for (const session of all) {
    const age = (session.comesIn - session.token.issuedAt) % options.tokenLife
    const uses = (options.perSecond / 1_000) * shares[session.number]! * age
    if (tokenChance.next() < Math.exp(-uses)) continue
    world.scheduler.at(session.comesIn, () => use(session, anyOf(world.replicas, replicaChance)))
  }

  const stream = arrivals(world, arrivalChance, options.perSecond, () => {
    const session = all[choice()]!
    const replica = anyOf(world.replicas, replicaChance)
    if (world.now >= session.comesIn) use(session, replica)
  })

  function use(session: Session, replica: Replica): void {
    while (world.now >= session.token.expiresAt) renew(session, session.token.expiresAt)
    const { token } = session
    world.request(replica, token, session.request, ({ outcome }) => {
      if (outcome === 'refused' && session.token === token) renew(session, world.now)
    })
  }

  return stream
}

/** Requests with texts that look like tokens and are none, each a new one, from so many addresses. */
export function flood(world: World, options: { readonly perSecond: number; readonly sources: number }): Arrivals {
  const random = world.chance('flood')
  const addresses = Array.from({ length: options.sources }, (_, n) => `203.0.${113 + (n >> 8)}.${n & 255}`)
  return arrivals(world, world.chance('flood arrivals'), options.perSecond, () => {
    const replica = anyOf(world.replicas, random)
    world.request(replica, undefined, bearer(world.tokens.forge(), random.pick(addresses)))
  })
}

export interface OneShotsOptions {
  /** Tokens per second that are made for one purpose. */
  readonly perSecond: number
  /** Times that each is used, at random moments within {@link OneShotsOptions.within} milliseconds. */
  readonly uses: number
  readonly within: number
  readonly tokenLife: number
}

/** Valid tokens that are used a few times at once and never again. */
export function oneShots(world: World, options: OneShotsOptions): Arrivals {
  const random = world.chance('one-shots')
  let made = 0
  return arrivals(world, world.chance('one-shot arrivals'), options.perSecond, () => {
    const number = (made += 1)
    const token = world.tokens.issue({ subject: `job-${number}`, life: options.tokenLife, issuedAt: world.now })
    const request = bearer(token.text, addressOf(number))
    const use = (): void => world.request(anyOf(world.replicas, random), token, request)
    for (let n = 0; n < options.uses; n += 1) world.scheduler.after(random.next() * options.within, use)
    world.scheduler.after(options.tokenLife, () => world.tokens.drop(token))
  })
}

function anyOf(replicas: readonly Replica[], random: Chance): Replica {
  return replicas.length === 1 ? replicas[0]! : random.pick(replicas)
}

/** An address of its own for each of 16 million. */
const addressOf = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
