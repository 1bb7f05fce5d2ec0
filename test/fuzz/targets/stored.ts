import { createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import { Revocations } from '#core/cache/revocations'
import { answersText, lineOf, mergedLines, parseAnswers, parseLine } from '#core/record/kept-answers'
import { open, seal } from '#core/store/sealed'
import { anyOctets, anyText, jsonText, mixed, mutated, objectLike, oddValue } from '../generators.ts'
import { must, type Target, target } from '../target.ts'
import { ISSUER, NOW } from '../tokens.ts'

const KEYS = [createSecretKey(Buffer.alloc(32, 1)), createSecretKey(Buffer.alloc(32, 2))]
const SEALED = seal('answers', 'what was kept', KEYS[0]!)

const damaged = fc
  .array(fc.tuple(fc.nat(SEALED.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 2 })
  .map((changes) => {
    const octets = Buffer.from(SEALED)
    for (const [where, by] of changes) octets[where]! ^= by
    return octets
  })

const sealed = target<readonly [Buffer, string]>({
  name: 'sealed files',
  inputs: fc.tuple(
    mixed(
      anyOctets,
      damaged,
      fc.nat(SEALED.length).map((length) => SEALED.subarray(0, length)),
      fc.uint8Array({ maxLength: 40 }).map((tail) => Buffer.concat([SEALED, tail])),
      anyOctets.map((tail) => Buffer.concat([SEALED.subarray(0, 8), tail])),
    ),
    fc.constantFrom('answers', 'answers', 'answers', 'revocations', ''),
  ),
  judge([octets, name]: readonly [Buffer, string]) {
    const opened = open(name, octets, KEYS)
    const unharmed = name === 'answers' && octets.equals(SEALED)
    must((opened?.text === 'what was kept') === unharmed, 'what was not sealed was opened')
    return opened ? 'accepted' : 'refused'
  },
  shapes: { octets: (size) => [Buffer.concat([SEALED.subarray(0, 40), Buffer.alloc(size)]), 'answers'] },
})

const LINE = lineOf({
  digest: 'A'.repeat(43),
  since: NOW * 1_000 - 5_000,
  until: NOW * 1_000 + 60_000,
  freshFor: 1_000,
  issuer: `${ISSUER} x`,
  claims: '{"active":true}',
})
const lines = mixed(
  anyText,
  mutated(fc.constantFrom(LINE, LINE.replace('AAA', 'BBB'), LINE.replace('\t1000\t', '\t\t'))),
)
const TERMS = { now: NOW * 1_000, maxBytes: 10_000, isForgotten: () => false }

const kept = target({
  name: 'kept answers',
  inputs: mixed(
    anyText,
    fc.array(lines, { maxLength: 6 }).map((some) => answersText('id', some)),
    mutated(fc.array(lines, { maxLength: 6 }).map((some) => answersText('id', some))),
  ),
  judge(text) {
    const read = parseAnswers(text)
    if (!read) return 'refused'
    const parsed = read.lines.map(parseLine)
    for (const one of parsed)
      must(one === undefined || one.claims.length > 0 || one.until >= 0, 'a line that says nothing')
    const merged = mergedLines(read.lines, [LINE], TERMS)
    must(
      [...merged.values()].every((line) => line === LINE || read.lines.includes(line)),
      'a line that nobody wrote',
    )
    return parsed.some((one) => one !== undefined) ? 'accepted' : 'no line'
  },
  shapes: {
    'line feeds': (size) => answersText('id', ['\n'.repeat(size)]),
    tabs: (size) => answersText('id', ['\t'.repeat(size)]),
    lines: (size) => answersText('id', Array(Math.ceil(size / LINE.length)).fill(LINE) as string[]),
  },
})

const REVOKED = { complete: true, tombstones: [['A'.repeat(43), NOW * 1_000 + 1]], marks: [] as unknown[] }
const marks = fc.array(
  fc.tuple(
    mixed(anyText, fc.constant('sub https://as.example alice')),
    mixed<unknown>(oddValue, objectLike({ before: NOW, madeAt: NOW * 1_000, until: NOW * 1_000 + 1_000 })),
  ),
  { maxLength: 4 },
)
const records = objectLike(REVOKED, {
  tombstones: mixed<unknown>(oddValue, marks),
  marks: mixed<unknown>(oddValue, marks),
})
const CLOCK = { wall: () => NOW * 1_000, monotonic: () => 0, after: () => () => undefined }

const revocations = target({
  name: 'revocations',
  inputs: mixed(anyText, jsonText(records)),
  judge(text) {
    const record = new Revocations({ entries: 3, lifetime: 1_000, skew: 30_000 }, CLOCK, () => undefined)
    const understood = record.restore(text)
    must(record.entries <= 6, 'more than there is room for')
    must(understood || (record.entries === 0 && record.complete), 'half of a record was taken')
    record.serialize()
    return understood ? 'accepted' : 'refused'
  },
  shapes: {
    tombstones: (size) =>
      JSON.stringify({ ...REVOKED, tombstones: Array.from({ length: size / 8 }, (_, n) => [`${n}`, n]) }),
  },
})

export const storedTargets: readonly Target[] = [sealed, kept, revocations]
