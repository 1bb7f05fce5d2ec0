import * as fc from 'fast-check'

/** Characters that some parser gives a meaning to. */
const SPECIAL = [
  ['=', '==', '+', '/', '-', '_', '.', '~', ' ', '\t', '\r\n', '\n', '\0', '\u007f', '\u0080', '\u00ff', '\ufeff'],
  ['"', '\\', '{', '}', '[', ']', ':', ',', ';', '?', '&', '#', '%', '%00', '%0d%0a', '<', '>', '\u2028', '\ud800'],
  ['Bearer ', 'bearer', 'DPoP ', 'null', 'true', '1e400', '-0', '\\u0000', '\\ud800', '__proto__', 'constructor'],
].flat()
const special = fc.constantFrom(...SPECIAL)

/** Anything at all. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.base64String(),
  fc.array(special, { maxLength: 12 }).map((parts) => parts.join('')),
)

/** Anything, as octets. */
export const anyOctets: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((octets) => Buffer.from(octets)),
  anyText.map((text) => Buffer.from(text)),
)

type Edit = (text: string) => string

const at = (text: string, where: number): number => (text.length === 0 ? 0 : where % (text.length + 1))
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(), special).map(([where, put]): Edit => {
    return (text) => text.slice(0, at(text, where)) + put + text.slice(at(text, where))
  }),
  fc.tuple(fc.nat(), fc.nat(12)).map(([where, length]): Edit => {
    return (text) => text.slice(0, at(text, where)) + text.slice(at(text, where) + length)
  }),
  fc.tuple(fc.nat(), fc.nat(255)).map(([where, code]): Edit => {
    return (text) => text.slice(0, at(text, where)) + String.fromCharCode(code) + text.slice(at(text, where) + 1)
  }),
  fc.tuple(fc.nat(), fc.nat(40)).map(([where, length]): Edit => {
    return (text) => text.slice(0, at(text, where) + length) + text.slice(at(text, where))
  }),
  fc.constant((text: string) => text.toUpperCase()),
  fc.constant((text: string) => text + text),
)

/** Valid texts with a few changes, or none. */
export function mutated(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(valid, fc.array(edit, { maxLength: 3 }))
    .map(([text, edits]) => edits.reduce((one, by) => by(one), text))
}

/** Random, made by a grammar, and changed from what is valid. */
export function mixed<T>(...kinds: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T> {
  return fc.oneof(...kinds)
}

const ODD_LISTS: readonly (readonly unknown[])[] = [
  [null, true, false, 0, -0, -1, 1, 0.5, 1e21, 1e308, 2 ** 53, 1.8e9, 1.8e12, -1e300],
  ['', ' ', 'a', 'a b', 'a\tb', '\u00e4', '\ud800', '\0', 'x'.repeat(300), '__proto__', '1', 'true', 'null'],
  [[], {}, [null], [[]], [{}], ['a', 'a'], [1, 'a'], { a: 1 }, { toString: 1 }, { length: 1 }, [[[[]]]]],
]
const ODD: readonly unknown[] = ODD_LISTS.flat()

/** A JSON value; most are scalars. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ODD) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: anyText },
)

const ODD_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'length', '', 'a', '\u0000']

/**
 * Objects with some of these members: `valid` ones changed here and there. Made of entries, so that a member `__proto__` is
 * a member and not the prototype.
 */
export function objectLike(
  valid: Readonly<Record<string, unknown>>,
  values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {},
): fc.Arbitrary<object> {
  const names = [...new Set([...Object.keys(valid), ...Object.keys(values)])]
  const change = fc.oneof(
    fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), values[name] ?? oddValue)),
    fc.tuple(fc.constantFrom(...names), oddValue),
    fc.tuple(fc.constantFrom(...names), fc.constant(undefined)),
    fc.tuple(fc.constantFrom(...ODD_NAMES), oddValue),
  )
  return fc.array(change, { maxLength: 4 }).map((changes) => {
    const members = new Map<string, unknown>(Object.entries(valid))
    for (const [name, value] of changes) members.set(name, value)
    return Object.fromEntries([...members].filter(([, value]) => value !== undefined))
  })
}

/** What is done to a JSON text. */
const RESPELT: readonly Edit[] = [
  (text) => text,
  (text) => `\ufeff${text}`,
  (text) => ` \r\n\t${text.replaceAll(',', ' ,\n')} `,
  (text) => `${text.slice(0, -1)},${text.slice(1)}`,
  (text) => `${text.slice(0, -1)},"\\u0061":1,"a":2}`,
  (text) => text.replace(/"(\w)/, (_, first: string) => `"\\u00${first.charCodeAt(0).toString(16)}`),
  (text) => `${text.slice(0, -1)},}`,
  (text) => `[${text}]`,
  (text) => `${text}${text}`,
  (text) => text.slice(0, -1),
  (text) => `${text.slice(0, -1)},"deep":${'['.repeat(17)}${']'.repeat(17)}}`,
  (text) => text.replace(/\d+/, '1e400'),
  (text) => text.replaceAll('"', "'"),
]

/** The texts of objects, spelt as a library would, as none would, or wrongly. */
export function jsonText(objects: fc.Arbitrary<object>): fc.Arbitrary<string> {
  const plain = objects.map((one) => JSON.stringify(one))
  const respelt = fc.tuple(plain, fc.constantFrom(...RESPELT)).map(([text, change]) => change(text))
  return fc.oneof({ weight: 6, arbitrary: plain }, { weight: 2, arbitrary: respelt }, mutated(plain))
}

/** Documents as octets: mostly JSON, of whatever spelling. */
export function documents(objects: fc.Arbitrary<object>): fc.Arbitrary<Buffer> {
  return fc.oneof({ weight: 1, arbitrary: anyOctets }, { weight: 6, arbitrary: octetsOf(jsonText(objects)) })
}

const octetsOf = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 9, arbitrary: text.map((one) => Buffer.from(one)) },
    { weight: 1, arbitrary: text.map((one) => Buffer.from(one, 'latin1')) },
    { weight: 1, arbitrary: text.map((one) => Buffer.from(one, 'utf16le')) },
  )
