/**
 * Introspection answers as text, for a store: a title, then a line for each answer, those that are worth most first. A line
 * can be found and judged without reading the claims in it. No token is in it, only digests.
 */
export interface KeptAnswer {
  /** SHA-256 of the token, base64url. */
  readonly digest: string
  /** Wall milliseconds at which the call behind the answer began. */
  readonly since: number
  /** Wall milliseconds from which on it is of no use to whoever wrote it. */
  readonly until: number
  /** Milliseconds the answer allows itself to be reused, when it says so. */
  readonly freshFor: number | undefined
  /** Whose answer it is; what else it depends on is said after a space. */
  readonly issuer: string
  /** As JSON. */
  readonly claims: string
}

/** A text, taken apart. */
export interface KeptAnswers {
  /** Different for each text that was written. */
  readonly id: string
  readonly lines: readonly string[]
}

const FORMAT = 'holdfast answers 1'
/** A SHA-256 digest in base64url. */
const DIGEST_LENGTH = 43
const DIGEST = /^[\w-]{43}$/

/** JSON and issuers hold neither tab nor line feed. */
export function lineOf({ digest, since, until, freshFor, issuer, claims }: KeptAnswer): string {
  return `${digest}\t${since}\t${until}\t${freshFor ?? ''}\t${issuer}\t${claims}`
}

/** `undefined` for what is no such line. */
export function parseLine(line: string): KeptAnswer | undefined {
  const [digest, since, until, freshFor, issuer, claims, ...more] = line.split('\t')
  if (claims === undefined || more.length > 0 || !DIGEST.test(digest!)) return undefined
  const answer = {
    digest: digest!,
    since: numberIn(since!),
    until: numberIn(until!),
    freshFor: freshFor === '' ? undefined : numberIn(freshFor!),
    issuer: issuer!,
    claims,
  }
  const numbers = [answer.since, answer.until, answer.freshFor ?? 0]
  return numbers.every((one) => Number.isFinite(one)) ? answer : undefined
}

/** Digits only: `Number` takes nothing for zero. */
function numberIn(text: string): number {
  return /^\d{1,16}(?:\.\d{1,20})?$/.test(text) ? Number(text) : Number.NaN
}

/** Whose answer a line is. */
export function digestIn(line: string): string {
  return line.slice(0, DIGEST_LENGTH)
}

/** `undefined` for a text of another kind. */
export function parseAnswers(text: string): KeptAnswers | undefined {
  const [title, ...lines] = text.split('\n')
  const [, id] = title!.split(': ')
  if (id === undefined || title !== titleOf(id)) return undefined
  return { id, lines: lines.filter((line) => line.length > DIGEST_LENGTH) }
}

export function answersText(id: string, lines: readonly string[]): string {
  return `${[titleOf(id), ...lines].join('\n')}\n`
}

function titleOf(id: string): string {
  return `${FORMAT}: ${id}`
}

export interface MergeTerms {
  /** Wall milliseconds. */
  readonly now: number
  /** Octets. */
  readonly maxBytes: number
  /** Whether an answer was called back after the call behind it began. */
  readonly isForgotten: (digest: string, since: number) => boolean
}

/** Octets that the title may take. */
const TITLE_ROOM = 200

/**
 * The lines of two processes, in turn by rank, so that neither pushes the other's most recently used ones out. Of two
 * answers for a token the newer one stays. What is over or was called back goes.
 */
export function mergedLines(
  own: readonly string[],
  others: readonly string[],
  { now, maxBytes, isForgotten }: MergeTerms,
): ReadonlyMap<string, string> {
  const newest = new Map<string, { line: string; since: number }>()
  const take = (line: string | undefined): void => {
    const head = line === undefined ? undefined : headOf(line)
    if (!head || !(now < head.until) || !(head.since <= now) || isForgotten(head.digest, head.since)) return
    const known = newest.get(head.digest)
    if (!known) newest.set(head.digest, { line: line!, since: head.since })
    else if (known.since < head.since) {
      known.line = line!
      known.since = head.since
    }
  }
  for (let rank = 0; rank < Math.max(own.length, others.length); rank += 1) {
    take(own[rank])
    take(others[rank])
  }
  const lines = new Map<string, string>()
  let room = maxBytes - TITLE_ROOM
  for (const [digest, { line }] of newest) {
    room -= Buffer.byteLength(line) + 1
    if (room < 0) break
    lines.set(digest, line)
  }
  return lines
}

/** What decides over a line, without a look at the rest: there are thousands. Times that are none compare to false. */
function headOf(line: string): { readonly digest: string; readonly since: number; readonly until: number } | undefined {
  if (line[DIGEST_LENGTH] !== '\t') return undefined
  const second = line.indexOf('\t', DIGEST_LENGTH + 1)
  const third = line.indexOf('\t', second + 1)
  if (second === -1 || third === -1) return undefined
  return {
    digest: digestIn(line),
    since: Number(line.slice(DIGEST_LENGTH + 1, second)),
    until: Number(line.slice(second + 1, third)),
  }
}
