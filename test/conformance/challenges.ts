/** One challenge of a `WWW-Authenticate` field line. */
export interface Challenge {
  readonly scheme: string
  /** In order, names as they stand there, values without quotes and escapes. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  /** The same by name, for one that is there. */
  readonly values: Readonly<Record<string, string | undefined>>
}

const NAME = /([!#$%&'*+\-.^_`|~\w]+)=/y
const SCHEME = /([!#$%&'*+\-.^_`|~\w]+) +/y
/** RFC 9110 §5.6.4; of what may be escaped, only what must be. */
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y

/**
 * Reads challenges with parameters (RFC 9110 §11.6.1). Every value must be a quoted-string, which is stricter than the
 * grammar and what we send. @throws {SyntaxError} for anything else.
 */
export function parseChallenges(line: string): readonly Challenge[] {
  let at = 0
  const tried = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(line)
    if (!match) return undefined
    at = pattern.lastIndex
    return match[1] ?? match[0]
  }
  const take = (pattern: RegExp, what: string): string => {
    const found = tried(pattern)
    if (found === undefined) throw new SyntaxError(`no ${what} at ${at} of ${line}`)
    return found
  }
  const challenges: Challenge[] = []
  do {
    const scheme = take(SCHEME, 'scheme')
    const parameters: (readonly [string, string])[] = []
    let name: string | undefined = take(NAME, 'name')
    do {
      parameters.push([name, take(QUOTED, 'quoted-string').replaceAll(/\\(.)/g, '$1')])
      if (at < line.length) take(/, /y, 'comma')
      name = tried(NAME)
    } while (name !== undefined)
    challenges.push({ scheme, parameters, values: Object.fromEntries(parameters) })
  } while (at < line.length)
  return challenges
}

/** The first of them. */
export function parseChallenge(line: string): Challenge {
  return parseChallenges(line)[0]!
}

/**
 * What a server that takes both schemes says, from its Bearer challenge: an error stands on the scheme in use, or on both
 * where that is not clear (RFC 9449 §7.2).
 */
export function withDpop(bearer: string, { isClear = true } = {}): string {
  const [, realm, rest] = /Bearer (realm="(?:[^"\\]|\\.)*")(.*)$/.exec(bearer)!
  const algorithms = 'algs="ES256 Ed25519 PS256 RS256"'
  return `${bearer}, DPoP ${realm!}, ${algorithms}${isClear && rest!.includes('error=') ? '' : rest!}`
}
