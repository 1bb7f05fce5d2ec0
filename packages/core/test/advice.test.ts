import { describe, expect, test } from 'vitest'
import { Advisor } from '../src/advice.ts'

const said = (cause: unknown, advisor = new Advisor()): string | undefined =>
  advisor.forMistake('guard_failed', cause)?.message

describe('a mistake', () => {
  test('is told by its class and place', () => {
    expect(said(new RangeError('secret'))).toMatch(/^a guard threw: RangeError at .*advice\.test\.ts:\d+:\d+\S*; /)
  })

  test('is told without its message, whatever that pretends to be', () => {
    for (const message of [
      'x\n    at evil\u001b[31m',
      '\n    at evil',
      'at evil\n    at evil (evil:1:1)',
      ': \n at evil',
      '',
    ]) {
      const told = said(new Error(message))
      expect(told).not.toMatch(/evil|\n/)
      expect(told).toContain('advice.test.ts')
    }
  })

  test('is told once for its place, in however many words', () => {
    const advisor = new Advisor()
    const told = [1, 2, 3].map((index) => said(new Error(`no tenant ${index}\n    at ${index}`), advisor))
    expect(told.filter((one) => one !== undefined)).toHaveLength(1)
  })

  test('is told by its class alone where its trace is not its own', () => {
    const error = new Error('before')
    expect(error.stack).toContain('before') // written when it is read first
    error.message = 'after\n    at evil'
    expect(said(error)).toMatch(/^a guard threw: Error; /)
    expect(said('text')).toMatch(/^a guard threw: string; /)
  })
})

describe('transport', () => {
  const plain = { method: 'GET', url: '/', rawHeaders: [], secure: false, source: '192.0.2.7' }
  const told = (advisor: Advisor): boolean => advisor.forTransport(plain) !== undefined

  test('is looked at for the first 100 new tokens, and for each hundredth after', () => {
    const advisor = new Advisor()
    let looks = 0
    const safe = {
      ...plain,
      get secure() {
        looks += 1
        return true
      },
    }
    for (let n = 0; n < 350; n += 1) advisor.forTransport(safe)
    expect(looks).toBe(102)
    expect(Array.from({ length: 50 }, () => told(advisor)).indexOf(true)).toBe(49)
  })

  test('is a reason for one word', () => {
    const advisor = new Advisor()
    expect([told(advisor), told(advisor)]).toEqual([true, false])
  })
})
