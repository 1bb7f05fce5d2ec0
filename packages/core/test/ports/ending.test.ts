import { describe, expect, test } from 'vitest'
import { Ending } from '../../src/ports/ending.ts'

const bound = (ending: Ending) =>
  ending.bind({ method: 'GET', url: 'https://as.example', headers: {}, lane: 'test', maxBytes: 1, ending })

describe('Ending', () => {
  test('tells its listener once, and its signal', () => {
    const ending = new Ending()
    let heard = 0
    ending.listener = () => (heard += 1)
    const { signal } = bound(ending)
    expect([ending.over, signal.aborted]).toEqual([false, false])
    ending.end()
    ending.end()
    expect([ending.over, signal.aborted, heard]).toEqual([true, true, 1])
  })

  test('a signal that is asked for afterwards has fired', () => {
    const ending = new Ending()
    ending.end()
    expect(bound(ending).signal.aborted).toBe(true)
  })

  test('a copy of its request has the same signal, and is not its request', () => {
    const ending = new Ending()
    const request = bound(ending)
    const copy = { ...request, url: 'https://other.example' }
    expect([copy.signal === request.signal, ending.isOf(request), ending.isOf(copy)]).toEqual([true, true, false])
  })
})
