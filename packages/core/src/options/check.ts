import { type Duration, parseDuration } from '../duration.ts'
import { ConfigError } from '../errors.ts'
import { type EndpointPolicy, isEndpoint, isInsecureLoopback, isPrivateEndpoint } from '../syntax/url.ts'

/** Reads one option: the checked value, or a {@link ConfigError} that says what to write. */
export type Check<T> = (value: unknown, path: string) => T

export function fail(path: string, value: unknown, expected: string): never {
  throw new ConfigError(`option "${path}" is ${shown(value)}; write ${expected}`)
}

/** A value as it may be quoted in a message: short, and never what might be a secret. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'string')
    return value.length <= 100 ? JSON.stringify(withoutUser(value)) : `a text of ${value.length} characters`
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  return Array.isArray(value)
    ? 'a list'
    : value instanceof RegExp
      ? 'a regular expression'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`
}

/** A URL without the password that somebody wrote into it. */
function withoutUser(value: string): string {
  return value.replace(/\/\/.*@/s, '//…@')
}

/** Like {@link fail}, where the value may be a secret that got into the wrong place: it is never quoted. */
function failUnseen(path: string, value: unknown, expected: string): never {
  if (typeof value !== 'string') return fail(path, value, expected)
  throw new ConfigError(`option "${path}" is a text; write ${expected}`)
}

/** An object of named members. A regular expression, a `Map` or a `Date` has none, and would pass for an empty one. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]'
}

type Shape<T> = { readonly [K in keyof T]-?: Check<T[K]> }

/** A plain object with these members and no other: an unknown name is refused with the nearest right one. */
export function object<T extends object>(shape: Shape<T>): Check<T> {
  const names = Object.keys(shape) as (keyof T & string)[]
  return (value, path) => {
    if (!isRecord(value)) {
      return failUnseen(path || 'options', value, 'an object of named members')
    }
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(shape, name))
        throw new ConfigError(`unknown option "${join(path, name)}"${suggestion(name, names)}`)
    }
    const entries = names.map((name) => [name, shape[name](value[name], join(path, name))])
    return Object.freeze(Object.fromEntries(entries)) as T
  }
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

function suggestion(wrong: string, names: readonly string[]): string {
  const [nearest] = names
    .map((name) => [distance(wrong.toLowerCase(), name.toLowerCase()), name] as const)
    .toSorted(([a], [b]) => a - b)
  const home = Object.hasOwn(HOMES, wrong) ? HOMES[wrong] : undefined
  if (home !== undefined) return `; write ${home}`
  const near = nearest && nearest[0] <= Math.max(2, Math.floor(wrong.length / 3))
  return near
    ? `; did you mean "${nearest[1]}"?`
    : `; the options here are ${names.map((name) => `"${name}"`).join(', ')}`
}

/** Options that exist elsewhere, and what to write there. Consulted only where a name is not one of this place. */
const HOMES: Readonly<Record<string, string>> = {
  jwt: `issuers: [{ issuer: '…', jwt: { … } }]; it belongs to one issuer`,
  introspection: `issuers: [{ issuer: '…', introspection: { … } }]; it belongs to one issuer`,
  accepts: `issuers: [{ issuer: '…', accepts: { … } }]; it belongs to one issuer`,
  jwksUri: 'jwt: { jwksUri: … } of an issuer',
  algorithms: 'jwt: { algorithms: … } of an issuer',
  profile: 'jwt: { profile: … } of an issuer',
  clientId: `client: clientSecretBasic('id', secret)`,
  clientSecret: `client: clientSecretBasic('id', secret)`,
  queryToken: `credentials: { query: 'reject' }`,
  optional: 'protect(server, { optional: true })',
  onRefusal: `protect(server, { onRefusal: 'next' })`,
  attach: `protect(server, { attach: '…' })`,
}

/** Edits between two names, of which the first 40 characters count. */
function distance(one: string, other: string): number {
  const [a, b] = [one.slice(0, 40), other.slice(0, 40)]
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

export function optional<T>(check: Check<T>): Check<T | undefined>
export function optional<T>(check: Check<T>, fallback: T): Check<T>
export function optional<T>(check: Check<T>, fallback?: T): Check<T | undefined> {
  return (value, path) => (value === undefined ? fallback : check(value, path))
}

/** A check of what is written, or else of a default written the same way. */
export function withDefault<T>(check: Check<T>, fallback: unknown): Check<T> {
  return (value, path) => check(value === undefined ? fallback : value, path)
}

export const text: Check<string> = (value, path) =>
  typeof value === 'string' && value !== '' ? value : fail(path, value, 'a non-empty text')

export const flag: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : fail(path, value, 'true or false')

export function oneOf<const T extends string>(...values: readonly T[]): Check<T> {
  const written = values.map((one) => `'${one}'`).join(' or ')
  return (value, path) => (values.includes(value as T) ? (value as T) : fail(path, value, written))
}

export function integer(min: number, max: number): Check<number> {
  return (value, path) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : fail(path, value, `a whole number from ${min} to ${max}`)
}

/** A duration within bounds, in milliseconds. */
export function span(min: Duration, max: Duration): Check<number> {
  const [low, high] = [parseDuration(min)!, parseDuration(max)!]
  return (value, path) => {
    const ms = parseDuration(value)
    return ms !== undefined && ms >= low && ms <= high
      ? ms
      : fail(path, value, `a duration with its unit, from '${min}' to '${max}'`)
  }
}

export function list<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length === 0) return fail(path, value, 'a list with at least one element')
    return Object.freeze(value.map((one, index) => check(one, `${path}[${index}]`)))
  }
}

/** One value or a list of them; always read as a list. */
export function oneOrMore<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => (Array.isArray(value) ? list(check)(value, path) : Object.freeze([check(value, path)]))
}

/** Anything for which a test holds, such as an implementation of a port. */
export function satisfying<T>(test: (value: unknown) => boolean, expected: string): Check<T> {
  return (value, path) => (test(value) ? (value as T) : fail(path, value, expected))
}

/** The same for what may be a secret. */
export function satisfyingUnseen<T>(test: (value: unknown) => boolean, expected: string): Check<T> {
  return (value, path) => (test(value) ? (value as T) : failUnseen(path, value, expected))
}

/** True for an object with these methods. */
export function has(...methods: readonly string[]): (value: unknown) => boolean {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}

/** True for an object of which whatever has one of these names is a method. */
export function mayHave(...methods: readonly string[]): (value: unknown) => boolean {
  return (value) => methods.every((name) => has(name)(value) || (value as Record<string, unknown>)[name] === undefined)
}

/** A URL to which tokens or credentials may be sent. */
export function endpoint(policy: EndpointPolicy): Check<string> {
  return (value, path) => (isEndpoint(value, policy) ? value : endpointFault(value, path, policy))
}

export function endpointFault(value: unknown, path: string, { denyPrivateNetworks }: EndpointPolicy): never {
  if (denyPrivateNetworks === true && isPrivateEndpoint(value))
    return fail(path, value, 'a public address, or leave "denyPrivateNetworks" out')
  const hint = isInsecureLoopback(value) ? ' (for http on loopback, set allowInsecureLoopback: true)' : ''
  return fail(path, value, `an https URL without user information, query or fragment${hint}`)
}
