import { type AuthContext, identifiersOf } from '../context.ts'
import { ConfigError } from '../errors.ts'
import type { Json } from '../syntax/json.ts'
import type { AuthorizationDetail } from '../verify/authorization-details.ts'
import { type DetailType, detailType, isDetailType, LISTS } from './detail-type.ts'
import { type PureGuard, pureGuard, guardFactory, saysYes } from './guard.ts'

/** What an operation needs of one entry: every one of the actions, at every one of the locations, on all of the data. */
export interface DetailNeeds<T extends AuthorizationDetail = AuthorizationDetail> {
  /** What `detailType()` says of a type; or its name, where entries are taken in any form. */
  readonly type: DetailType<T> | (AuthorizationDetail extends T ? string : never)
  readonly actions?: readonly string[]
  /** Default: an entry that names locations is for this API where it names one of its identifiers exactly. */
  readonly locations?: readonly string[]
  readonly datatypes?: readonly string[]
  readonly privileges?: readonly string[]
  readonly identifier?: string
  /** What else an entry must fulfil. Must return `true`. */
  readonly where?: (entry: T) => boolean
}

/** A guard that can also say which entries it was content with. */
export type DetailGuard<T extends AuthorizationDetail = AuthorizationDetail> = PureGuard & {
  /** Every entry that allows the operation, for a handler that has to hold the request against them. */
  readonly entries: (auth: AuthContext) => readonly T[]
}

type Lists = Readonly<Record<(typeof LISTS)[number], readonly string[] | undefined>>

const OPTIONS: readonly string[] = ['type', ...LISTS, 'identifier', 'where']

/**
 * Asks that one entry of `authorization_details` allows the whole operation (RFC 9396 §2.2):
 * `detail({ type: 'account_information', actions: ['list_accounts'] })`. Rights of several entries are never added up; texts
 * are compared exactly; an entry without a field that is asked for allows nothing in it, unless its `detailType()` says
 * otherwise. Refuses with 403 `insufficient_scope`, without saying what would have been enough.
 *
 * @throws {ConfigError}
 */
export function detail<T extends AuthorizationDetail = AuthorizationDetail>(needs: DetailNeeds<T>): DetailGuard<T> {
  const { type, identifier, where, ...lists } = checked(needs)
  const wanted = typeof type === 'string' ? detailType<T>(type) : type

  const fits = (entry: AuthorizationDetail, ours: readonly string[]): entry is T =>
    wanted.has(entry) &&
    isFor(entry['locations'], lists.locations, ours) &&
    LISTS.every((field) => allows(entry[field], lists[field], wanted.unlimitedWithout.includes(field))) &&
    isAbout(entry['identifier'], identifier, wanted.unlimitedWithout.includes('identifier')) &&
    (where === undefined || saysYes(where(entry)))

  const reason = 'details_insufficient'
  const refusal = Object.freeze({ reason, detail: `authorization details of type "${wanted.type}"` })
  const rule = pureGuard((auth) => {
    const ours = identifiersOf(auth)
    return auth.authorizationDetails.some((entry) => fits(entry, ours)) || refusal
  })
  const entries = (auth: AuthContext): readonly T[] => {
    const ours = identifiersOf(auth)
    return auth.authorizationDetails.filter((entry): entry is T => fits(entry, ours))
  }
  return Object.assign(rule, { entries })
}

/** Whether a list has all that is asked for. One that is no list of texts has nothing, asked for or not. */
function allows(has: Json | undefined, asked: readonly string[] | undefined, unlimited: boolean): boolean {
  if (has === undefined) return asked === undefined || unlimited
  if (!isTexts(has)) return false
  return asked === undefined || asked.every((one) => has.includes(one))
}

function isAbout(has: Json | undefined, asked: string | undefined, unlimited: boolean): boolean {
  if (has === undefined) return asked === undefined || unlimited
  return typeof has === 'string' && (asked === undefined || asked === has)
}

/** An entry for other servers only says nothing here (§12). Which of ours it is for, a guard that asks has said itself. */
function isFor(has: Json | undefined, asked: readonly string[] | undefined, ours: readonly string[]): boolean {
  return has === undefined || asked !== undefined || (isTexts(has) && has.some((one) => ours.includes(one)))
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function fail(what: string): never {
  throw new ConfigError(`detail(): ${what}`)
}

/**
 * Holds what is asked for to its types, and copies it. What is written and missing, such as a value that a configuration
 * does not have, must not ask for less than was meant. @throws {ConfigError}
 */
function checked<T extends AuthorizationDetail>(needs: DetailNeeds<T>): Omit<DetailNeeds<T>, keyof Lists> & Lists {
  const written: Readonly<Record<string, unknown>> = { ...needs }
  const { type, where, identifier } = written
  const unknown = Object.keys(written).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) fail(`unknown option "${unknown}"; write { ${OPTIONS.join(', ')} }`)
  const isType = typeof type === 'string' ? type !== '' : isDetailType(type)
  if (!isType) fail(`"type" is the name of a type, or what detailType() returns`)
  if (Object.hasOwn(written, 'identifier') && (typeof identifier !== 'string' || identifier === ''))
    fail('"identifier" is a non-empty text')
  if (Object.hasOwn(written, 'where') && typeof where !== 'function')
    fail('"where" is a function of an entry that returns true')
  const lists = LISTS.map((field) => {
    if (!Object.hasOwn(written, field)) return [field, undefined]
    const list = written[field]
    if (!isTexts(list) || list.length === 0)
      fail(`"${field}" is a list of one or more texts; leave it out to ask for none`)
    return [field, Object.freeze([...list])]
  })
  return { ...needs, ...(Object.fromEntries(lists) as Lists) }
}

guardFactory(detail)
