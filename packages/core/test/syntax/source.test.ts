import { BlockList, isIPv4, isIPv6 } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sourceKey } from '../../src/syntax/source.ts'

const PARAMETERS = { seed: 20_261_121, numRuns: 300 }

const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xff_ff })), { minLength: 8, maxLength: 8 })
/** The same address as the standard writes it (RFC 5952), as the URL standard has it. */
const canonical = (address: string): string => new URL(`http://[${address}]/`).hostname.slice(1, -1)
const written = (parts: readonly number[]): string => parts.map((part) => part.toString(16)).join(':')
/** No property here is about the two ranges that stand for IPv4. */
const plain = groups.filter((parts) => sourceKey(written(parts))?.includes(':') === true)

/** Spellings of one address: compressed or not, with leading zeros, in capitals, its end as IPv4, with a zone. */
const spelled = fc
  .tuple(
    plain,
    fc.record({ compress: fc.boolean(), pad: fc.boolean(), upper: fc.boolean(), dotted: fc.boolean() }),
    fc.constantFrom('', '%eth0', '%1'),
  )
  .map(([parts, { compress, pad, upper, dotted }, zone]) => {
    const start = parts.slice(0, 6).map((part) => part.toString(16).padStart(pad ? 4 : 1, '0'))
    const [high, low] = [parts[6]!, parts[7]!]
    const ipv4 = [high >> 8, high & 255, low >> 8, low & 255].join('.')
    const long = dotted ? `${start.join(':')}:${ipv4}` : `${start.join(':')}:${high.toString(16)}:${low.toString(16)}`
    const text = compress && !dotted ? canonical(long) : long
    return { parts, address: (upper ? text.toUpperCase() : text) + zone }
  })

describe('an IPv4 address', () => {
  test('is its own key', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(sourceKey(address)).toBe(address)
      }),
      PARAMETERS,
    )
  })

  test('is told whatever IPv6 makes of it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::FFFF:', '0:0:0:0:0:ffff:', '64:ff9b::'), (ipv4, prefix) => {
        expect(sourceKey(prefix + ipv4)).toBe(ipv4)
        expect(sourceKey(canonical(prefix + ipv4))).toBe(ipv4)
      }),
      PARAMETERS,
    )
  })

  test.each(['192.0.2.1:443', '192.0.2.1:65535', '[::ffff:192.0.2.1]:443'])('is told without its port: %s', (text) => {
    expect(sourceKey(text)).toBe('192.0.2.1')
  })
})

describe('an IPv6 address', () => {
  test.each([
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0000:0001:ffff::', '2001:db8:0:1::/64'],
    ['2001:db8:1:2:3:4:192.0.2.1', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['[2001:db8::1]:443', '2001:db8:0:0::/64'],
    ['[2001:db8::1]', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['::192.0.2.1', '0:0:0:0::/64'],
  ])('%s belongs to %s', (address, key) => {
    expect(sourceKey(address)).toBe(key)
  })

  test('has one key, however it is spelt', () => {
    fc.assert(
      fc.property(spelled, ({ parts, address }) => {
        expect(isIPv6(address)).toBe(true)
        expect(sourceKey(address)).toBe(`${written(parts.slice(0, 4))}::/64`)
      }),
      PARAMETERS,
    )
  })

  test('has the key of another one if, and only if, that is in its /64', () => {
    const pair = fc
      .tuple(plain, plain, fc.integer({ min: 0, max: 8 }))
      .map(([one, other, shared]) => [one, [...one.slice(0, shared), ...other.slice(shared)]] as const)
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const network = new BlockList()
        network.addSubnet(written(one), 64, 'ipv6')
        // Where the second one stands for IPv4, it is of no IPv6 network.
        fc.pre(sourceKey(written(other))!.includes(':'))
        expect(sourceKey(written(other)) === sourceKey(written(one))).toBe(network.check(written(other), 'ipv6'))
      }),
      PARAMETERS,
    )
  })

  test('has a key that names a network of which it is', () => {
    fc.assert(
      fc.property(plain, (parts) => {
        const [prefix, length] = sourceKey(written(parts))!.split('/')
        const network = new BlockList()
        network.addSubnet(canonical(prefix!), Number(length), 'ipv6')
        expect(network.check(written(parts), 'ipv6')).toBe(true)
      }),
      PARAMETERS,
    )
  })
})

describe('what is no address', () => {
  test.each([
    'tenant-1',
    'unknown',
    'a:b',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.4:5:6',
    ':::',
    '[tenant]',
    'fe80::1%',
    ' ::1',
    'ä',
  ])('%j is a name of its own', (name) => {
    expect(sourceKey(name)).toBe(name)
  })

  test('is kept up to 128 characters, then told by a digest', () => {
    expect(sourceKey('x'.repeat(128))).toBe('x'.repeat(128))
    const long = sourceKey('x'.repeat(129))
    expect(long).toMatch(/^sha256:[\w-]{43}$/)
    expect(sourceKey('x'.repeat(130))).not.toBe(long)
  })

  test.each([undefined, '', null, 7, {}, ['192.0.2.1']])('%j is no source', (value) => {
    expect(sourceKey(value as string)).toBeUndefined()
  })

  test('throws nothing and gives a short key, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(':', '.', '%', '[', ']', '0', 'f', '255', '::', 'ffff'), maxLength: 40 }),
    )
    fc.assert(
      fc.property(text, (any) => {
        const key = sourceKey(any)
        expect(key === undefined).toBe(any === '')
        expect((key ?? '').length).toBeLessThanOrEqual(128)
        expect(key === any || isIPv4(key ?? '') || /::\/64$|^sha256:|^$/.test(key ?? '')).toBe(true)
      }),
      PARAMETERS,
    )
  })
})
