import { ConfigError } from '../errors.ts'
import type { AuthorizationDetail } from '../verify/authorization-details.ts'
import { saysYes } from './guard.ts'

/** The common fields that are lists of texts (RFC 9396 §2.2). */
export const LISTS = ['locations', 'actions', 'datatypes', 'privileges'] as const
/** The common fields of an entry (RFC 9396 §2.2). */
export type DetailField = (typeof LISTS)[number] | 'identifier'
const FIELDS: readonly string[] = [...LISTS, 'identifier']

export interface DetailTypeOptions<T extends AuthorizationDetail> {
  /** Whether an entry is of the type's form. One for which it does not return `true`, or throws, allows nothing. */
  readonly check?: (entry: AuthorizationDetail) => entry is T
  /** Common fields without which an entry is not limited in that respect. Default: without one it allows nothing in it. */
  readonly unlimitedWithout?: readonly DetailField[]
}

/** A type of authorization details: its name, and the form of its entries. */
export interface DetailType<T extends AuthorizationDetail = AuthorizationDetail> {
  readonly type: string
  /** Whether an entry is of this type and form. */
  readonly has: (entry: AuthorizationDetail) => entry is T
  readonly unlimitedWithout: readonly DetailField[]
}

/**
 * Says what entries of a type look like, for `detail()` and for `resourceMetadata.authorizationDetailsTypesSupported`:
 * `detailType('payment_initiation', { check: isPayment })`. What `check` proves is what `where` and `entries()` are given.
 *
 * @throws {ConfigError}
 */
export function detailType<T extends AuthorizationDetail = AuthorizationDetail>(
  type: string,
  options: DetailTypeOptions<T> = {},
): DetailType<T> {
  const { check, unlimitedWithout = [], ...unknown } = options ?? {}
  if (typeof type !== 'string' || type === '') throw new ConfigError('detailType(): the type is a non-empty text')
  const [wrong] = Object.keys(unknown)
  if (wrong !== undefined)
    throw new ConfigError(`detailType(): unknown option "${wrong}"; write { check, unlimitedWithout }`)
  if (Object.hasOwn(options ?? {}, 'check') && typeof check !== 'function')
    throw new ConfigError('detailType(): "check" is a function of an entry that returns true or false')
  if (!Array.isArray(unlimitedWithout) || !unlimitedWithout.every((one) => FIELDS.includes(one)))
    throw new ConfigError(`detailType(): "unlimitedWithout" is a list of ${FIELDS.join(', ')}`)
  const has = (entry: AuthorizationDetail): entry is T =>
    entry.type === type && (check === undefined || passes(check, entry))
  const made = Object.freeze({ type, has, unlimitedWithout: Object.freeze([...unlimitedWithout]) })
  known.add(made)
  return made
}

const known = new WeakSet<object>()

/** True for what {@link detailType} has made, and nothing else. */
export function isDetailType(value: unknown): value is DetailType {
  return typeof value === 'object' && value !== null && known.has(value)
}

/** A check that throws has found what it does not know: another entry may still be in order. */
function passes(check: (entry: AuthorizationDetail) => unknown, entry: AuthorizationDetail): boolean {
  try {
    return saysYes(check(entry))
  } catch {
    return false
  }
}
