import { describe, expect, test } from 'vitest'
import { TokenChurn } from '../../src/signals/token-churn.ts'

const BOUNDS = { count: 100, window: 300_000 }

interface Token {
  readonly digest: string
}

/** Tokens `again…` come a second time. */
const setUp = (): TokenChurn<Token> => new TokenChurn(BOUNDS, ({ digest }) => digest.startsWith('again'))

let made = 0
/** Another one with each call. */
const token = (kind: 'once' | 'again'): Token => ({ digest: `${kind} ${(made += 1)}` })

/** So many tokens of a client over five minutes, and what is told at the first one after. */
function fiveMinutes(churn: TokenChurn<Token>, tokens: readonly Token[], client = 'app', from = 0): number | undefined {
  for (const [index, one] of tokens.entries()) {
    expect(churn.note(client, one, from + (index * BOUNDS.window) / tokens.length)).toBeUndefined()
  }
  return churn.note('another', token('again'), from + BOUNDS.window)
}

const times = (count: number, kind: 'once' | 'again'): Token[] => Array.from({ length: count }, () => token(kind))

describe('token churn', () => {
  test('is a client whose many tokens come once each', () => {
    expect(fiveMinutes(setUp(), times(150, 'once'))).toBe(150)
  })

  test('is not a client with few tokens', () => {
    expect(fiveMinutes(setUp(), times(99, 'once'))).toBeUndefined()
  })

  test('is not a client whose tokens come again, however many', () => {
    expect(fiveMinutes(setUp(), times(1_000, 'again'))).toBeUndefined()
  })

  test.each([1, 16, 17, 100])('%d tokens that are kept nowhere and verified on each use are none', (count) => {
    const tokens = times(count, 'once')
    const uses = Array.from({ length: 20 * count }, (_, n) => tokens[n % count]!)
    expect(fiveMinutes(setUp(), [...uses, ...times(80, 'once')])).toBeUndefined()
  })

  test('one token of the sample may have come again', () => {
    expect(fiveMinutes(setUp(), [token('again'), ...times(149, 'once')])).toBe(150)
    expect(fiveMinutes(setUp(), [...times(2, 'again'), ...times(148, 'once')])).toBeUndefined()
  })

  test('is found among many clients', () => {
    const churn = setUp()
    for (let n = 0; n < 5_000; n += 1) {
      const now = n * 50
      expect(churn.note(`client-${n}`, token('again'), now)).toBeUndefined()
      expect(churn.note('app', token('once'), now)).toBeUndefined()
    }
    expect(churn.note('another', token('again'), BOUNDS.window)).toBe(5_000)
  })

  test('none of many clients is taken for one', () => {
    const churn = setUp()
    const told = Array.from({ length: 20_000 }, (_, n) => churn.note(`client-${n % 5_000}`, token('once'), n * 40))
    expect(told.filter((count) => count !== undefined)).toEqual([])
  })

  test('a window that ended long ago is not judged', () => {
    const churn = setUp()
    for (const one of times(150, 'once')) churn.note('app', one, 0)
    expect(churn.note('app', token('once'), 2 * BOUNDS.window)).toBeUndefined()
  })

  test('is told again for the next window', () => {
    const churn = setUp()
    expect(fiveMinutes(churn, times(150, 'once'))).toBe(150)
    expect(fiveMinutes(churn, times(120, 'once'), 'app', BOUNDS.window)).toBe(120)
  })
})
