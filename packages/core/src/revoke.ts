import type { Stores } from './assemble/stores.ts'
import { keyOf, revocationKeyOf } from './cache/digest.ts'
import type { MarkKind } from './cache/revocations.ts'
import { ConfigError } from './errors.ts'
import type { Clock } from './ports/clock.ts'
import type { Random } from './ports/random.ts'
import { RevocationRecord } from './record/revocation-record.ts'
import { claimedExpiry } from './syntax/jws.ts'
import type { Telemetry } from './telemetry.ts'

/** What to refuse from now on. Exactly one of the first five says which tokens. */
export interface Revocation {
  /** This token, until it expires. */
  readonly token?: string
  readonly jti?: string
  /** Every token of this subject issued before `before`. */
  readonly sub?: string
  readonly sid?: string
  readonly clientId?: string
  /** Whose tokens; may be left out where there is only one issuer. */
  readonly issuer?: string
  /** Seconds since 1970. Default: now, plus `clockSkew`, as the authorization server's clock may be ahead. */
  readonly before?: number
}

/** How far a revocation reaches. */
export interface RevocationReceipt {
  readonly scope: 'process'
  /** True when it would survive a restart. */
  readonly durable: boolean
}

type RevocationTarget =
  | { readonly is: 'token'; readonly token: string }
  | {
      readonly is: 'mark'
      readonly kind: MarkKind
      readonly value: string
      readonly issuer: string
      readonly before: number | undefined
    }

const MARKS: readonly MarkKind[] = ['jti', 'sub', 'sid', 'clientId']
const NAMES: readonly string[] = ['token', ...MARKS, 'issuer', 'before']

/** @throws {ConfigError} when the order is not clear: a revocation must not silently miss. */
function revocationTarget(revocation: Revocation, issuers: readonly string[]): RevocationTarget {
  const unknown = Object.keys(revocation).find((name) => !NAMES.includes(name))
  if (unknown !== undefined)
    throw new ConfigError(`revoke(): unknown member "${unknown}"; write some of ${NAMES.join(', ')}`)
  const { token, issuer, before } = revocation
  const kinds = MARKS.filter((kind) => revocation[kind] !== undefined)
  if (kinds.length + (token === undefined ? 0 : 1) !== 1) {
    throw new ConfigError('revoke(): write exactly one of token, jti, sub, sid, clientId')
  }
  if (token !== undefined) {
    if (typeof token !== 'string' || token === '') throw new ConfigError('revoke(): "token" is a non-empty text')
    return { is: 'token', token }
  }
  const kind = kinds[0]!
  const value = revocation[kind]
  if (typeof value !== 'string' || value === '') throw new ConfigError(`revoke(): "${kind}" is a non-empty text`)
  if (before !== undefined && !Number.isFinite(before)) throw new ConfigError('revoke(): "before" is a time in seconds')
  const whose = issuer ?? (issuers.length === 1 ? issuers[0] : undefined)
  if (whose === undefined || !issuers.includes(whose))
    throw new ConfigError(
      `revoke(): "issuer" must be one of the configured issuers, as "${kind}" is unique within one only`,
    )
  return { is: 'mark', kind, value, issuer: whose, before }
}

export interface DeskPorts {
  readonly clock: Clock
  readonly random: Random
}

/** Takes orders to revoke. */
export class RevocationDesk {
  readonly #stores: Stores
  readonly #issuers: readonly string[]
  readonly #telemetry: Telemetry
  readonly #record: RevocationRecord

  constructor(stores: Stores, issuers: readonly string[], telemetry: Telemetry, ports: DeskPorts) {
    this.#stores = stores
    this.#issuers = issuers
    this.#telemetry = telemetry
    this.#record = new RevocationRecord(stores.revocations, stores.snapshots, telemetry, ports)
  }

  /** Pending until it is known what an earlier process revoked, or the store was given up. */
  get restoring(): Promise<void> | undefined {
    return this.#record.restoring
  }

  /** @throws {ConfigError} */
  async revoke(revocation: Revocation): Promise<RevocationReceipt> {
    const target = revocationTarget(revocation, this.#issuers)
    const { revocations, jwts, introspected } = this.#stores
    if (target.is === 'token') {
      const digest = keyOf(target.token)
      const known = jwts.peek(digest) ?? introspected.peek(digest)
      const claimed = claimedExpiry(target.token)
      const key = revocationKeyOf(target.token)
      revocations.addTombstone(key, known ? known.expiresAt : claimed)
      // An answer may name an earlier end than the JWT itself, or none: the later one counts.
      if (known && claimed !== undefined && claimed !== known.expiresAt) revocations.addTombstone(key, claimed)
      if (known?.nested !== undefined) revocations.addTombstone(known.nested, known.expiresAt)
    } else {
      revocations.addMark(target.kind, target.issuer, target.value, target.before)
    }
    this.#telemetry.emit({ type: 'revocation', result: 'recorded' })
    await this.#record.restoring
    return { scope: 'process', durable: await this.#record.saved() }
  }

  /** Writes what was not written yet. */
  close(): Promise<void> {
    return this.#record.close()
  }
}
