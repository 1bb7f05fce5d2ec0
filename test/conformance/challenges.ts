/** One challenge of a `WWW-Authenticate` field line. */
export interface Challenge {
  readonly scheme: string
  /** In order, names as they stand there, values without quotes and escapes. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  /** The same by name, for one that is there. */
  readonly values: Readonly<Record<string, string | undefined>>
}

const TOKEN = /[!#$%&'*+\-.^_`|~\w]+/y
const SCHEME = /([!#$%&'*+\-.^_`|~\w]+) +/y
/** RFC 9110 §5.6.4; of what may be escaped, only what must be. */
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y

/**
 * Reads one challenge with parameters (RFC 9110 §11.6.1). Every value must be a quoted-string, which is stricter than
 * the grammar and what we send. @throws {SyntaxError} for anything else.
 */
export function parseChallenge(line: string): Challenge {
  let at = 0
  const take = (pattern: RegExp, what: string): string => {
    pattern.lastIndex = at
    const match = pattern.exec(line)
    if (!match) throw new SyntaxError(`no ${what} at ${at} of ${line}`)
    at = pattern.lastIndex
    return match[1] ?? match[0]
  }
  const scheme = take(SCHEME, 'scheme')
  const parameters: (readonly [string, string])[] = []
  do {
    const name = take(TOKEN, 'name')
    take(/=/y, 'equals sign')
    parameters.push([name, take(QUOTED, 'quoted-string').replaceAll(/\\(.)/g, '$1')])
  } while (at < line.length && take(/, /y, 'comma'))
  return { scheme, parameters, values: Object.fromEntries(parameters) }
}
