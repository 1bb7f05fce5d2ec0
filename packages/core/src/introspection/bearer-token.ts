import { type Duration, parseDuration } from '../duration.ts'
import { ConfigError } from '../errors.ts'
import { ageOf, type Instant, instantOf } from '../ports/clock.ts'
import { type ClientAuthentication, type CredentialContext, type Credentials, method } from './client-authentication.ts'

/** A token of our own, and for how long it is good. */
export interface OwnToken {
  readonly token: string
  /** From when it was asked for, such as `'10m'`. */
  readonly expiresIn: Duration
}

/**
 * A token, or where to get it. What a function returns as text is asked for again before every call; with `expiresIn` it
 * is kept until 30 s, or a tenth of its life where that is less, before its end. A 401 asks again, once.
 */
export type BearerSource = string | (() => string | OwnToken | Promise<string | OwnToken>)

interface Kept {
  readonly token: string
  readonly since: Instant
  /** Milliseconds. */
  readonly usableFor: number
}

interface Reading {
  readonly since: Instant
  /** Whether it began after the endpoint had rejected what there was. */
  readonly renews: boolean
  readonly token: Promise<string>
}

/** Milliseconds before its end from which on a token is not used any more, at most. */
const MARGIN = 30_000
/** Milliseconds for which a source may take its time before it is asked again. */
const PATIENCE = 10_000
/** What may stand in a field; RFC 6750 §2.1 allows less. */
const PRINTABLE = /^[\x21-\x7e]+$/

/** A bearer token of our own (RFC 7662 §2.1). Never the token that is asked about. */
export function bearerToken(source: BearerSource): ClientAuthentication {
  if (typeof source !== 'function' && !isToken(source))
    throw new ConfigError('bearerToken: the token is a non-empty string without spaces, or a function that returns one')
  const read = typeof source === 'function' ? keeping(source) : async () => source
  return method({
    method: 'bearer',
    clientId: undefined,
    renewable: typeof source === 'function',
    credentials: async (context) => fieldOf(await read(context)),
  })
}

const isToken = (value: unknown): value is string => typeof value === 'string' && PRINTABLE.test(value)
const fieldOf = (token: string): Credentials => ({ headers: { authorization: `Bearer ${token}` } })

/** Asks the source as seldom as its answers allow: once for all who wait, and not while what it gave is good. */
function keeping(source: Exclude<BearerSource, string>): (context: CredentialContext) => Promise<string> {
  let kept: Kept | undefined
  let reading: Reading | undefined

  return ({ clock, rejected }) => {
    if (kept && rejected?.headers?.['authorization'] === fieldOf(kept.token).headers!['authorization']) kept = undefined
    if (kept && ageOf(kept.since, clock) < kept.usableFor) return Promise.resolve(kept.token)
    const renews = rejected !== undefined
    // One that hangs is not waited for by everybody for ever; one from before a rejection may bring the same again.
    if (reading && ageOf(reading.since, clock) < PATIENCE && (reading.renews || !renews)) return reading.token
    const since = instantOf(clock)
    const token = ask(source, since).then((answer) => {
      if (typeof answer === 'string') return answer
      kept = answer
      return answer.token
    })
    const mine: Reading = { since, renews, token }
    reading = mine
    const over = (): void => {
      if (reading === mine) reading = undefined
    }
    token.then(over, over)
    return token
  }
}

async function ask(source: Exclude<BearerSource, string>, since: Instant): Promise<string | Kept> {
  const answer: unknown = await source()
  if (isToken(answer)) return answer
  const { token, expiresIn } = (answer ?? {}) as Partial<OwnToken>
  const life = parseDuration(expiresIn)
  if (!isToken(token) || life === undefined) throw new TypeError('the source gave no token')
  return { token, since, usableFor: life - Math.min(MARGIN, life / 10) }
}
