import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Nonces } from '../../../src/bind/dpop/nonces.ts'
import { systemRandom } from '../../../src/ports/random.ts'

const START = 1_800_000_000_000
const LIFETIME = 300_000
const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const nonces = (...secrets: readonly [Uint8Array, ...Uint8Array[]]): Nonces =>
  new Nonces({ lifetime: LIFETIME, secrets, replacesAge: false }, systemRandom)

describe('a nonce', () => {
  test('is good for its lifetime, and ages from half of it', () => {
    const made = nonces(one)
    const nonce = made.issue(START)
    const verdicts = [0, LIFETIME / 2, LIFETIME / 2 + 1, LIFETIME, LIFETIME + 1].map((age) =>
      made.judge(nonce, START + age),
    )
    expect(verdicts).toEqual(['good', 'good', 'aging', 'aging', 'bad'])
    expect(made.endOf(nonce)).toBe(START + LIFETIME)
  })

  test('may come from a clock that is a little ahead', () => {
    const made = nonces(one)
    const nonce = made.issue(START + 30_000)
    expect([made.judge(nonce, START), made.judge(made.issue(START + LIFETIME), START)]).toEqual(['good', 'bad'])
    const atMost = LIFETIME / 2
    expect([atMost, atMost + 1].map((ahead) => made.judge(made.issue(START + ahead), START))).toEqual(['good', 'bad'])
  })

  test('is of its own characters, and no two are the same', () => {
    const made = nonces(one)
    const many = Array.from({ length: 10_000 }, () => made.issue(START))
    expect(new Set(many).size).toBe(10_000)
    for (const nonce of many.slice(0, 100)) expect(nonce).toMatch(/^[\w-]{46}$/)
  })

  test('is good as it was made only', () => {
    const made = nonces(one)
    const nonce = made.issue(START)
    for (let at = 0; at < nonce.length; at += 1) {
      const changed = nonce.slice(0, at) + (nonce[at] === 'A' ? 'B' : 'A') + nonce.slice(at + 1)
      expect([at, made.judge(changed, START)]).toEqual([at, 'bad'])
    }
    for (const wrong of ['', nonce.slice(1), `${nonce}A`, ` ${nonce}`, 'ä'.repeat(46)])
      expect(made.judge(wrong, START)).toBe('bad')
  })

  test('is that of whoever shares the secret', () => {
    const [first, second, both] = [nonces(one), nonces(other), nonces(other, one)]
    const [byFirst, bySecond, byBoth] = [first.issue(START), second.issue(START), both.issue(START)]
    expect([both.judge(byFirst, START), both.judge(bySecond, START), second.judge(byBoth, START)]).toEqual([
      'good',
      'good',
      'good',
    ])
    expect([first.judge(bySecond, START), first.judge(byBoth, START)]).toEqual(['bad', 'bad'])
  })

  // Versions that run side by side share their secrets, and have to believe each other.
  test.each([
    ['first', START, 6_000_000],
    ['last', START + LIFETIME - 1, 6_000_000],
    ['next', START + LIFETIME, 6_000_001],
  ])('is signed with the key of its period: the %s', (_, moment, period) => {
    const chance = 'sixteen-of-these'
    const said = Buffer.from(moment.toString(16).padStart(12, '0'), 'hex').toString('base64url') + chance
    const key = createHmac('sha256', one).update(`holdfast dpop nonce ${period}`).digest()
    const proof = createHmac('sha256', key).update(said).digest('base64url').slice(0, 22)
    const settings = { lifetime: LIFETIME, secrets: [one], replacesAge: false } as const
    const made = new Nonces(settings, { next: () => 0, id: () => `${chance}-not-those` })
    expect([made.issue(moment), made.judge(said + proof, moment)]).toEqual([said + proof, 'good'])
  })

  test('costs a key for each period, few of which are kept', () => {
    let keys = 0
    const secrets: [Uint8Array] = [one]
    Object.defineProperty(secrets, 0, { get: () => ((keys += 1), one) })
    const made = new Nonces({ lifetime: LIFETIME, secrets, replacesAge: false }, systemRandom)
    const keysFor = (...periods: readonly number[]): number => {
      const before = keys
      for (const period of periods) made.issue(START + period * LIFETIME)
      return keys - before
    }
    expect(keysFor(0, 1, 0, 1, 0, 1)).toBe(2)
    expect(keysFor(...Array.from({ length: 100 }, (_, at) => 2 + at))).toBe(100)
    expect(keysFor(0, 1, 0, 1)).toBe(2)
  })
})
