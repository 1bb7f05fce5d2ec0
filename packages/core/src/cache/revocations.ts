import type { Clock } from '../ports/clock.ts'
import type { Claims } from '../verify/claims.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'
import { revocationKeyOf } from './digest.ts'

/** What a mark names: every token of an issuer with this claim, issued before a moment. */
export type MarkKind = 'jti' | 'sub' | 'sid' | 'clientId'

interface Mark {
  /** Seconds; tokens with an `iat` before it are revoked. */
  readonly before: number
  /** Wall milliseconds. */
  readonly madeAt: number
  readonly until: number
}

/** The claim that a mark is held against: as in an `AuthContext`, `azp` is the client where there is no `client_id`. */
const CLAIMS: Readonly<Record<MarkKind, (claims: Claims) => unknown>> = {
  jti: ({ jti }) => jti,
  sub: ({ sub }) => sub,
  sid: ({ sid }) => sid,
  clientId: ({ client_id: clientId, azp }) => clientId ?? azp,
}
const KINDS = Object.keys(CLAIMS) as readonly MarkKind[]

export interface RevocationBounds {
  /** Tombstones, and as many marks. */
  readonly entries: number
  /** Milliseconds for which a mark, and a tombstone of a token without `exp`, is kept. */
  readonly lifetime: number
  /** Milliseconds by which clocks may differ: a JWT outlives its `exp` by them, and may seem to be issued later. */
  readonly skew: number
}

/** Tokens refused whatever anybody answers: tombstones by digest, marks by what a claim says. Bounded. */
export class Revocations {
  readonly #clock: Clock
  readonly #bounds: RevocationBounds
  readonly #overflowed: () => void
  /** Hears of every change, so that it can be kept. */
  onChange: () => void = () => undefined
  /** Set while the record of an earlier process could not be read. */
  unread = false
  /** Revocation key to wall milliseconds. */
  #tombstones = new Map<string, number>()
  #marks = new Map<string, Mark>()
  #complete = true

  constructor(bounds: RevocationBounds, clock: Clock, overflowed: () => void) {
    this.#bounds = bounds
    this.#clock = clock
    this.#overflowed = overflowed
  }

  /** False once a revocation was thrown away before its time, and while an earlier process's have not been read. */
  get complete(): boolean {
    return this.#complete && !this.unread
  }

  /** Says that something is missing here for good. */
  lose(): void {
    this.#complete = false
  }

  get entries(): number {
    return this.#tombstones.size + this.#marks.size
  }

  /** @param expiresAt Seconds, as `exp`: a tombstone outlives its token. Where it is unknown, {@link RevocationBounds.lifetime} counts. */
  addTombstone(key: string, expiresAt: number | undefined): void {
    const { lifetime, skew } = this.#bounds
    const until = (expiresAt === undefined ? this.#clock.wall() + lifetime : expiresAt * 1_000) + skew
    this.#tombstones.set(key, Math.max(until, this.#tombstones.get(key) ?? 0))
    this.#makeRoom(this.#tombstones, (end) => end)
    this.onChange()
  }

  /** @param before Seconds; default now, and what an authorization server whose clock is ahead calls now. */
  addMark(kind: MarkKind, issuer: string, value: string, before?: number): void {
    const { lifetime, skew } = this.#bounds
    const madeAt = this.#clock.wall()
    const cutOff = before ?? (madeAt + skew) / 1_000
    const until = Math.max(madeAt, cutOff * 1_000) + lifetime + skew
    const name = nameOf(kind, issuer, value)
    this.#marks.set(name, stricter({ before: cutOff, madeAt, until }, this.#marks.get(name)))
    this.#makeRoom(this.#marks, (mark) => mark.until)
    this.onChange()
  }

  /** Whether this very token was revoked. Costs one comparison while none is. */
  isTombstone(token: string): boolean {
    return this.#tombstones.size > 0 && this.isDead(revocationKeyOf(token))
  }

  /** Whether there is a tombstone under a key. */
  isDead(key: string): boolean {
    const until = this.#tombstones.get(key)
    return until !== undefined && this.#clock.wall() < until
  }

  /** Why a token is refused by what it says, or by what was inside it. Costs two comparisons while nothing is revoked. */
  judge(token: VerifiedToken): 'token_revoked' | 'lifetime_too_long' | undefined {
    // Whoever has a signed token and our public key can wrap it anew, as often as he likes.
    if (token.nested !== undefined && this.isDead(token.nested)) return 'token_revoked'
    if (this.#marks.size === 0) return undefined
    if (KINDS.some((kind) => this.#isMarked(token, kind))) return 'token_revoked'
    // A mark is forgotten after `lifetime`: a token that lives longer, or does not say, would come back to life.
    const { exp, iat } = token.claims as { exp?: number; iat?: number }
    if (iat === undefined) return token.by === 'signature' ? 'lifetime_too_long' : undefined
    return exp !== undefined && (exp - iat) * 1_000 > this.#bounds.lifetime ? 'lifetime_too_long' : undefined
  }

  #isMarked(token: VerifiedToken, kind: MarkKind): boolean {
    const value = CLAIMS[kind](token.claims)
    const mark = typeof value === 'string' ? this.#marks.get(nameOf(kind, token.issuer, value)) : undefined
    if (!mark || this.#clock.wall() >= mark.until) return false
    if (kind === 'jti') return true // it names one token, whenever that was issued
    const { iat } = token.claims as { iat?: number }
    // Without `iat` only the authority's word after the mark was made clears a token.
    return iat === undefined ? token.by === 'signature' || token.since.wall <= mark.madeAt : iat < mark.before
  }

  /** On overflow what has expired goes, then what expires first: it protects the shortest. */
  #makeRoom<T>(map: Map<string, T>, untilOf: (value: T) => number): void {
    if (map.size <= this.#bounds.entries) return
    const now = this.#clock.wall()
    let earliest: { name: string; until: number } | undefined
    for (const [name, value] of map) {
      const until = untilOf(value)
      if (until <= now) map.delete(name)
      else if (!earliest || until < earliest.until) earliest = { name, until }
    }
    const excess = map.size - this.#bounds.entries
    if (excess <= 0 || !earliest) return
    if (excess === 1) map.delete(earliest.name)
    else {
      const byUntil = [...map].toSorted(([, one], [, other]) => untilOf(one) - untilOf(other))
      for (const [name] of byUntil.slice(0, excess)) map.delete(name)
    }
    this.#complete = false
    this.#overflowed()
  }

  /** For a store; {@link restore} takes it back. Holds digests and marked values, no token. */
  serialize(): string {
    return JSON.stringify({ complete: this.#complete, tombstones: [...this.#tombstones], marks: [...this.#marks] })
  }

  /** Adds what an earlier process had recorded. @returns False when the text is not a snapshot. */
  restore(text: string): boolean {
    try {
      const { complete, tombstones, marks } = JSON.parse(text) as {
        complete: unknown
        tombstones: [unknown, unknown][]
        marks: [string, Mark][]
      }
      if (!tombstones.every(isTombstoneEntry) || !marks.every(isMarkEntry)) return false
      for (const [digest, until] of tombstones) {
        this.#tombstones.set(digest, Math.max(until, this.#tombstones.get(digest) ?? 0))
      }
      for (const [name, mark] of marks) this.#marks.set(name, stricter(mark, this.#marks.get(name)))
      this.#complete &&= complete === true
      this.#makeRoom(this.#tombstones, (until) => until)
      this.#makeRoom(this.#marks, (mark) => mark.until)
      return true
    } catch {
      return false
    }
  }
}

function isTombstoneEntry(entry: readonly unknown[]): entry is [string, number] {
  return typeof entry[0] === 'string' && Number.isFinite(entry[1])
}

function isMarkEntry([name, mark]: readonly [unknown, Partial<Mark> | null]): boolean {
  return typeof name === 'string' && [mark?.before, mark?.madeAt, mark?.until].every((time) => Number.isFinite(time))
}

/** A later order never takes back an earlier one. */
function stricter(mark: Mark, other: Mark | undefined): Mark {
  if (!other) return mark
  return {
    before: Math.max(mark.before, other.before),
    madeAt: Math.max(mark.madeAt, other.madeAt),
    until: Math.max(mark.until, other.until),
  }
}

/** Unambiguous whatever the values contain. */
function nameOf(kind: MarkKind, issuer: string, value: string): string {
  return JSON.stringify([kind, issuer, value])
}
