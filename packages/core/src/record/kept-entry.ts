import { digestOf, digestOfKey, keyOfDigest } from '../cache/digest.ts'
import { type AnswerReading, parseAnswer } from '../introspection/answer.ts'
import type { IntrospectionSettings } from '../options/settings.ts'
import { ageOf, type Clock } from '../ports/clock.ts'
import { type EvidenceTerms, usableTime } from '../verify/evidence-terms.ts'
import { type Provenance, VerifiedToken } from '../verify/verified-token.ts'
import { lineOf, parseLine } from './kept-answers.ts'
import { instantAt } from './snapshots.ts'

/** What a restored answer needs of its issuer: that of its opaque tokens. */
export interface AnswerIssuer {
  readonly issuer: string
  readonly provenance: Provenance
  readonly reading: AnswerReading
  /** See {@link fingerprintOf}. */
  readonly fingerprint: string
}

/**
 * What answers depend on beside the token: the endpoint that is asked, the client that asks, the parameters (RFC 7662
 * §2.2), and whether they were signed. Where one of them changes, what was answered before is not known any more.
 */
export function fingerprintOf({
  endpoint,
  client,
  parameters,
  signed,
}: Pick<IntrospectionSettings, 'endpoint' | 'client' | 'parameters'> &
  Partial<Pick<IntrospectionSettings, 'signed'>>): string {
  const { method, clientId } = client
  const sorted = Object.entries(parameters).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const demands = signed ? ['signed'] : []
  return digestOf(JSON.stringify([endpoint ?? null, method, clientId ?? null, sorted, ...demands]))
}

export interface KeptEntryTerms {
  /** By identifier. */
  readonly issuers: ReadonlyMap<string, AnswerIssuer>
  /** Milliseconds, as for the verifiers. */
  readonly terms: Pick<EvidenceTerms, 'fresh' | 'grace'>
}

/** A line from an entry; `undefined` where it would be of no use to a later process. */
export function lineFrom(entry: VerifiedToken, { issuers, terms }: KeptEntryTerms, clock: Clock): string | undefined {
  const { digest: key, issuer, claims, since, freshFor, expiresAt, verifier } = entry
  const age = ageOf(since, clock)
  const usableFor = usableTime(terms, freshFor) - age
  const owner = issuers.get(issuer)
  if (!(usableFor > 0) || !owner || verifier !== owner.provenance.verifier) return undefined
  return lineOf({
    digest: digestOfKey(key),
    // By the clock of now: one that was corrected since must make nothing younger.
    since: Math.floor(clock.wall() - age),
    until: Math.min(Math.ceil(clock.wall() + usableFor), (expiresAt ?? Infinity) * 1_000),
    freshFor,
    issuer: originOf(owner),
    claims: JSON.stringify(claims),
  })
}

/**
 * An entry from a line, judged as a live answer would be, but with its age; `undefined` where it would not count any more.
 * @param isForgotten Whether an answer since then (wall milliseconds) was called back.
 */
export function entryFrom(
  line: string,
  digest: string,
  { issuers, terms }: KeptEntryTerms,
  clock: Clock,
  isForgotten: (since: number) => boolean,
): VerifiedToken | undefined {
  const kept = parseLine(line)
  const owner = kept && issuers.get(kept.issuer.slice(0, kept.issuer.lastIndexOf(' ')))
  if (!owner || kept.issuer !== originOf(owner)) return undefined
  const { since, freshFor } = kept
  const age = clock.wall() - since
  if (age < 0 || age >= usableTime(terms, freshFor) || isForgotten(since)) return undefined
  const answer = activeAnswer(kept.claims, owner.reading)
  if (!answer || hasExpired(answer.claims['exp'], clock.wall())) return undefined
  const { claims } = answer
  const { provenance } = owner
  const key = keyOfDigest(digest)
  return new VerifiedToken({ digest: key, claims, provenance, freshFor, since: instantAt(since, clock) })
}

function hasExpired(exp: unknown, wall: number): boolean {
  return typeof exp === 'number' && wall >= exp * 1_000
}

const originOf = ({ issuer, fingerprint }: AnswerIssuer): string => `${issuer} ${fingerprint}`

function activeAnswer(
  claims: string,
  reading: AnswerReading,
): (ReturnType<typeof parseAnswer> & { is: 'active' }) | undefined {
  const headers = { 'content-type': 'application/json' }
  try {
    const answer = parseAnswer({ status: 200, headers, body: Buffer.from(claims) }, reading)
    return answer.is === 'active' ? answer : undefined
  } catch {
    return undefined
  }
}
