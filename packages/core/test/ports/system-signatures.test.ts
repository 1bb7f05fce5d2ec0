import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { SignatureCheck } from '../../src/ports/signatures.ts'
import { SystemSignatures, systemSignatures } from '../../src/ports/system-signatures.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')

function checkOf(text: string, good = true, cost: SignatureCheck['cost'] = 'medium'): SignatureCheck {
  const data = Buffer.from(text)
  const signature = sign(null, good ? data : Buffer.from('another'), privateKey)
  return { hash: null, key: publicKey, data, signature, cost }
}

/** A clock on which a check takes so many milliseconds: it is looked at before and after. */
function clockOf(millisOfACheck: number): () => number {
  let now = 0
  return () => (now += millisOfACheck)
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Gives checks to wait for, and tells how many have been settled. */
function waitingFor(signatures: SystemSignatures, count: number, make = (n: number) => checkOf(`${n}`, n % 3 > 0)) {
  const settled: [number, boolean | undefined][] = []
  const all = Array.from({ length: count }, (_, n) =>
    signatures.later(make(n)).then((valid) => void settled.push([n, valid])),
  )
  return { settled, all: Promise.all(all) }
}

describe('at once', () => {
  test('are the checks of a turn until they took a millisecond', async () => {
    const signatures = new SystemSignatures(1, clockOf(0.4))
    const verdicts = Array.from({ length: 5 }, () => signatures.now(checkOf('data')))
    expect(verdicts).toEqual([true, true, true, undefined, undefined])
    await turn()
    expect(signatures.now(checkOf('data', false))).toBe(false)
  })

  test('is none while another waits', async () => {
    const signatures = new SystemSignatures(1, clockOf(0))
    const first = signatures.later(checkOf('first'))
    expect(signatures.now(checkOf('second'))).toBeUndefined()
    expect(await first).toBe(true)
    expect(signatures.now(checkOf('second'))).toBe(true)
  })

  test('is none that is slow', async () => {
    const signatures = new SystemSignatures(1)
    const slow = checkOf('data', true, 'large')
    expect(signatures.now(slow)).toBeUndefined()
    expect(await signatures.later(slow)).toBe(true)
  })

  test('an error of the arithmetic means that this key did not sign it', async () => {
    const check = { ...checkOf('data'), hash: 'no such digest' }
    const signatures = new SystemSignatures(1)
    expect(signatures.now(check)).toBe(false)
    expect(await signatures.later(check)).toBe(false)
  })
})

describe('those that wait', () => {
  test('are checked in their order, a millisecond of each turn, so that others are served between', async () => {
    const signatures = new SystemSignatures(1, clockOf(0.5))
    const { settled } = waitingFor(signatures, 7)
    const progress: number[] = []
    for (let turns = 0; turns < 5; turns += 1) {
      await turn()
      progress.push(settled.length)
    }
    expect(progress).toEqual([2, 4, 6, 7, 7])
    expect(settled).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => [n, n % 3 > 0]))
  })

  test.each([1, 2, 64])('get each its own verdict with %i cores', async (cores) => {
    const signatures = new SystemSignatures(cores)
    const { settled, all } = waitingFor(signatures, 500)
    await all
    expect(settled.toSorted(([one], [other]) => one - other)).toEqual(
      Array.from({ length: 500 }, (_, n) => [n, n % 3 > 0]),
    )
    expect(signatures.now(checkOf('data'))).toBe(true)
  })

  test.each([
    [1, 'medium', 24],
    [2, 'medium', 8],
    [2, 'small', 24],
  ] as const)(
    'with %i cores, of a burst of 24 %s ones the event loop checks %i itself',
    async (cores, cost, ofTheLoop) => {
      let looks = 0
      const signatures = new SystemSignatures(cores, () => (looks += 1))
      const { all } = waitingFor(signatures, 24, (n) => checkOf(`${n}`, true, cost))
      await all
      expect(looks).toBe(2 * ofTheLoop)
    },
  )

  test('are refused beyond a bound, and there is room again afterwards', async () => {
    const signatures = new SystemSignatures(1)
    const check = checkOf('data')
    const { settled, all } = waitingFor(signatures, 4_097, () => check)
    await Promise.resolve()
    expect(settled).toEqual([[4_096, undefined]])
    await all
    expect(await signatures.later(check)).toBe(true)
  })

  test('slow ones have a bound of their own', async () => {
    const signatures = new SystemSignatures(2)
    const check = checkOf('data', true, 'large')
    const { settled, all } = waitingFor(signatures, 65, () => check)
    await Promise.resolve()
    expect(settled).toEqual([[64, undefined]])
    expect(await signatures.later(checkOf('data'))).toBe(true)
    await all
    expect(await signatures.later(check)).toBe(true)
  })
})

test('the servers of a process share its turns', () => {
  expect(systemSignatures()).toBe(systemSignatures())
})
