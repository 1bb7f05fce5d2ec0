import { describe, expect, test } from 'vitest'
import type { SignalEvent } from '../../src/ports/observer.ts'
import { type CameAgain, Signals, THRESHOLDS } from '../../src/signals/signals.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { verifiedToken } from '../support/tokens.ts'

const ISSUER = 'https://as.example'
const MINUTE = 60_000

function setUp(cameAgain: CameAgain = () => undefined) {
  const clock = new ManualClock()
  const told: SignalEvent[] = []
  const signals = new Signals([ISSUER, 'https://other.example'], clock, cameAgain, (event) => void told.push(event))
  return { clock, told, signals }
}

function repeat(count: number, run: (n: number) => void): void {
  for (let n = 0; n < count; n += 1) run(n)
}

const signal = (name: SignalEvent['signal'], issuer: string | undefined, count: number): SignalEvent => ({
  type: 'signal',
  signal: name,
  issuer,
  count,
  window: THRESHOLDS[name].window,
})

describe('refusals', () => {
  test.each([
    ['signature_invalid', 'signature_burst', 20],
    ['token_revoked', 'use_after_revocation', 5],
  ] as const)('%s becomes %s, by issuer', (reason, name, from) => {
    const { told, signals } = setUp()
    repeat(from - 1, () => signals.refused(reason, ISSUER))
    signals.refused(reason, 'https://other.example')
    expect(told).toEqual([])
    signals.refused(reason, ISSUER)
    expect(told).toEqual([signal(name, ISSUER, from)])
  })

  test('tokens of issuers that are not configured have no issuer', () => {
    const { told, signals } = setUp()
    repeat(20, () => signals.refused('issuer_unknown', undefined))
    expect(told).toEqual([signal('unknown_issuer', undefined, 20)])
  })

  test('a misspelt issuer is a matter of advice', () => {
    const { told, signals } = setUp()
    repeat(100, () => signals.refused('issuer_unknown', ISSUER))
    expect(told).toEqual([])
  })

  test('an issuer that the application made up is not passed on', () => {
    const { told, signals } = setUp()
    repeat(20, (n) => signals.refused('signature_invalid', `https://made-up-${n}.example`))
    expect(told).toEqual([signal('signature_burst', undefined, 20)])
  })

  test('other reasons are no signals', () => {
    const { told, signals } = setUp()
    repeat(1_000, () => signals.refused('token_expired', ISSUER))
    expect(told).toEqual([])
  })

  test('each signal of each issuer is told once in a minute', async () => {
    const { clock, told, signals } = setUp()
    repeat(100, () => {
      signals.refused('signature_invalid', ISSUER)
      signals.refused('signature_invalid', 'https://other.example')
      signals.refused('token_revoked', ISSUER)
    })
    expect(told.map(({ issuer, signal: name }) => [issuer, name])).toEqual([
      [ISSUER, 'use_after_revocation'],
      [ISSUER, 'signature_burst'],
      ['https://other.example', 'signature_burst'],
    ])
    await clock.advance(MINUTE)
    repeat(100, () => signals.refused('signature_invalid', ISSUER))
    expect(told).toHaveLength(4)
  })
})

describe('answers about known tokens', () => {
  test('many that turn inactive at once are a surge', () => {
    const { told, signals } = setUp()
    repeat(20, (n) => signals.answered(ISSUER, `digest ${n}`, n % 2 === 0))
    expect(told).toEqual([signal('inactive_surge', ISSUER, 10)])
  })

  test('a token that turned inactive and is used on is used after its revocation', () => {
    const { clock, told, signals } = setUp()
    const use =
      (digest: string, after = 1) =>
      (): void =>
        signals.refusedInactive(ISSUER, { digest, arrivedAt: clock.monotonic() + after })
    repeat(10, use('never known'))
    signals.answered(ISSUER, 'one', false)
    repeat(10, use('one', 0)) // who waited for that answer
    repeat(4, use('one'))
    expect(told).toEqual([])
    use('one')()
    expect(told).toEqual([signal('use_after_revocation', ISSUER, 5)])
  })

  test('of those that turned inactive, the last thousand are remembered', () => {
    const { clock, told, signals } = setUp()
    const use = (digest: string) => (): void =>
      signals.refusedInactive(ISSUER, { digest, arrivedAt: clock.monotonic() + 1 })
    signals.answered(ISSUER, 'first', false)
    repeat(1_000, (n) => signals.answered(ISSUER, `digest ${n}`, false))
    told.length = 0
    repeat(10, use('first'))
    expect(told).toEqual([])
    repeat(10, use('digest 999'))
    expect(told.map(({ signal: name }) => name)).toEqual(['use_after_revocation'])
  })
})

describe('new tokens', () => {
  test.each([{ client_id: 'app' }, { azp: 'app' }])(
    'of one client that come once each are churn: %j',
    async (names) => {
      const { clock, told, signals } = setUp()
      repeat(150, (n) => signals.verified(verifiedToken({ ...names, jti: String(n) }, clock)))
      await clock.advance(THRESHOLDS.token_churn.window)
      signals.verified(verifiedToken(names, clock))
      expect(told).toEqual([signal('token_churn', ISSUER, 150)])
      expect(JSON.stringify(told)).not.toContain('app')
    },
  )

  test('that come again are none, and neither are those of nobody', async () => {
    const { clock, told, signals } = setUp(({ by }) => by === 'introspection')
    repeat(150, (n) => {
      signals.verified(verifiedToken({ client_id: 'app', jti: String(n) }, clock))
      signals.verified(verifiedToken({ jti: String(n) }, clock, { by: 'signature' }))
      signals.verified(verifiedToken({ client_id: 7, jti: String(n) }, clock, { by: 'signature' }))
    })
    await clock.advance(THRESHOLDS.token_churn.window)
    signals.verified(verifiedToken({ client_id: 'app' }, clock))
    expect(told).toEqual([])
  })
})
