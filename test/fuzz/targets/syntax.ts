import * as fc from 'fast-check'
import { decodeBase64url } from '#core/syntax/base64url'
import { JSON_LIMITS, parseJsonObject } from '#core/syntax/json'
import { parseCompactJws, parseJws, shapeOf } from '#core/syntax/jws'
import { isJsonMediaType, joseType } from '#core/syntax/media-type'
import { isScope, isScopeToken, parseScope } from '#core/syntax/scope'
import { sourceKey } from '#core/syntax/source'
import { anyText, documents, mixed, mutated, objectLike, oddValue } from '../generators.ts'
import { must, type Target, target } from '../target.ts'
import { CLAIMS, GOOD, tokens } from '../tokens.ts'

const ALPHABET = /^[A-Za-z0-9_-]*$/
/** By the last character: the bits of it that no octet has must be zero. */
const LAST: Readonly<Record<number, RegExp>> = { 0: /^/, 2: /[AQgw]$/, 3: /[AEIMQUYcgkosw048]$/ }

const base64url = target({
  name: 'base64url',
  inputs: mixed(
    anyText,
    fc.uint8Array({ maxLength: 48 }).map((octets) => Buffer.from(octets).toString('base64url')),
    fc.uint8Array({ maxLength: 48 }).map((octets) => Buffer.from(octets).toString('base64')),
    mutated(fc.constant(GOOD.split('.')[2]!)),
  ),
  judge(text) {
    const canonical = ALPHABET.test(text) && LAST[text.length % 4]?.test(text) === true
    const decoded = decodeBase64url(text)
    must((decoded !== undefined) === canonical, 'not by the rules of RFC 4648 §3.5')
    return decoded ? 'accepted' : 'refused'
  },
  shapes: { 'one letter': (size) => 'A'.repeat(size), padding: (size) => '='.repeat(size) },
})

/** Members written in a text that is JSON. */
function written(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)].filter(([, colon]) => colon !== undefined).length
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value).reduce((sum: number, one) => sum + membersOf(one), 0)
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length)
}

function depthOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
}

/** What strict JSON would be, by the lenient parser and by counting; slowly. */
function strictly(octets: Buffer): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const members = membersOf(value)
    const bounded = depthOf(value) <= JSON_LIMITS.depth && members <= JSON_LIMITS.members
    return bounded && written(text) === members ? value : undefined
  } catch {
    return undefined
  }
}

const json = target({
  name: 'json',
  inputs: mixed(documents(objectLike(CLAIMS)), documents(objectLike({ a: { b: [{}] } }))),
  judge(octets) {
    const read = parseJsonObject(octets)
    must(JSON.stringify(read) === JSON.stringify(strictly(octets)), 'not what a strict reader reads')
    must(read === undefined || Object.getPrototypeOf(read) === Object.prototype, 'a prototype came in')
    return read ? 'accepted' : 'refused'
  },
  shapes: {
    'one text': (size) => Buffer.from(`{"a":"${'x'.repeat(size)}"}`),
    backslashes: (size) => Buffer.from(`{"a":"${'\\\\'.repeat(size / 2)}"}`),
    'open brackets': (size) => Buffer.from('['.repeat(size)),
    colons: (size) => Buffer.from(`{${'"a":1,'.repeat(size / 6)}"a":1}`),
    numbers: (size) => Buffer.from(`{"a":[${'1,'.repeat(size / 2)}1]}`),
    'no UTF-8': (size) => Buffer.alloc(size, 0xff),
  },
})

const jws = target({
  name: 'jws',
  inputs: tokens,
  judge(token) {
    const shape = shapeOf(token)
    const parsed = parseCompactJws(token)
    const jwt = parseJws(token)
    must(parsed !== undefined || jwt === undefined, 'a JWT that is no JWS')
    if (!parsed) return shape === 'jws' ? 'malformed' : shape
    must(shape === 'jws' || !token.startsWith('e'), 'a JWS that does not look like one')
    must(token.startsWith(`${parsed.signed.toString('latin1')}.`), 'the signature covers something else')
    return jwt ? 'accepted' : 'no claims'
  },
  shapes: {
    dots: (size) => '.'.repeat(size),
    'long header': (size) => `${'A'.repeat(size)}.e30.AA`,
    'long payload': (size) => `e30.${'A'.repeat(size)}.AA`,
    'long signature': (size) => `e30.e30.${'A'.repeat(size)}`,
  },
})

const scopes = target<unknown>({
  name: 'scopes',
  inputs: mixed<unknown>(
    anyText,
    mutated(fc.constantFrom('orders:read orders:write', 'a', 'openid profile')),
    fc.array(mixed(oddValue, fc.constantFrom('a', 'b c', 'd"')), { maxLength: 5 }),
    oddValue,
  ),
  judge(value) {
    const parsed = parseScope(value)
    must(isScope(value) === (parsed !== undefined), 'two opinions on one value')
    if (!parsed) return 'refused'
    must(parsed.every(isScopeToken), 'a scope that is no scope token')
    const words = typeof value === 'string' ? value.split(' ') : (value as readonly unknown[])
    must(
      parsed.every((one) => words.includes(one)),
      'a scope that nobody wrote',
    )
    return 'accepted'
  },
  shapes: {
    spaces: (size) => ' '.repeat(size),
    words: (size) => 'a '.repeat(size / 2),
    'one word': (size) => `${'a'.repeat(size)}\n`,
    list: (size) => Array.from({ length: size / 4 }, () => 'a'),
  },
})

const mediaTypes = target({
  name: 'media types',
  inputs: mixed(
    anyText,
    mutated(fc.constantFrom('application/json', 'application/json; charset=utf-8', 'at+jwt', 'application/at+jwt')),
  ),
  judge(field) {
    const long = joseType(field)
    must(joseType(long) === long, 'a type with two long forms')
    const isJson = isJsonMediaType(field)
    must(!isJson || /^\s*application\/json\s*(?:;|$)/i.test(field), 'JSON that does not say so')
    return isJson ? 'accepted' : 'other'
  },
  shapes: {
    spaces: (size) => ' '.repeat(size),
    semicolons: (size) => `application/json${';'.repeat(size)}`,
    slashes: (size) => '/'.repeat(size),
  },
})

const group = fc.nat(0xffff).map((one) => one.toString(16))
const addresses = mixed(
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.ipV4(), fc.nat(70_000)).map(([ip, port]) => `${ip}:${port}`),
  fc.tuple(fc.ipV6(), fc.nat(70_000)).map(([ip, port]) => `[${ip}]:${port}`),
  fc.ipV4().map((ip) => `::ffff:${ip}`),
  fc.tuple(fc.ipV6(), fc.constantFrom('eth0', '1', '')).map(([ip, zone]) => `${ip}%${zone}`),
  fc.array(group, { minLength: 3, maxLength: 9 }).map((groups) => groups.join(':')),
)

const sources = target({
  name: 'source addresses',
  inputs: mixed(anyText, addresses, mutated(addresses)),
  judge(address) {
    const key = sourceKey(address)
    if (key === undefined) return 'none'
    must(key.length <= 128, 'a key that is longer than it may be')
    must(sourceKey(key) === key, 'a key with another key')
    return key.endsWith('::/64') ? 'network' : /^\d+\.\d+\.\d+\.\d+$/.test(key) ? 'address' : 'name'
  },
  shapes: {
    colons: (size) => ':'.repeat(size),
    digits: (size) => `${'1'.repeat(size)}:1`,
    brackets: (size) => '['.repeat(size),
    zone: (size) => `fe80::1%${'a'.repeat(size)}`,
  },
})

export const syntaxTargets: readonly Target[] = [base64url, json, jws, scopes, mediaTypes, sources]
