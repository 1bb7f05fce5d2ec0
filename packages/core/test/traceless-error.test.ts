import { afterEach, describe, expect, test } from 'vitest'
import { Trouble } from '../src/introspection/introspector.ts'
import { HttpError } from '../src/ports/http.ts'
import { LoadTrouble } from '../src/resilience/last-good.ts'
import { TracelessError } from '../src/traceless-error.ts'

class Sample extends TracelessError {
  override readonly name = 'Sample'
}

const { stackTraceLimit } = Error

afterEach(() => {
  Object.defineProperty(Error, 'stackTraceLimit', { value: stackTraceLimit, writable: true })
})

describe('an error without a trace', () => {
  test('is an error like others', () => {
    const cause = new Error('why')
    const error = new Sample('what', { cause })
    expect(error).toBeInstanceOf(Error)
    expect([error.message, error.cause, String(error), error.stack]).toEqual([
      'what',
      cause,
      'Sample: what',
      'Sample: what',
    ])
    expect(Object.keys(error)).toEqual(['name'])
  })

  test.each([0, 7, Infinity, undefined])('leaves others theirs: %s', (limit) => {
    Error.stackTraceLimit = limit as number
    expect(new Sample('what').stack).toBe('Sample: what')
    expect(Error.stackTraceLimit).toBe(limit)
  })

  test('can be made where errors are frozen', () => {
    Object.defineProperty(Error, 'stackTraceLimit', { value: 7, writable: false })
    expect(new Sample('what')).toMatchObject({ message: 'what', stack: expect.stringContaining('Sample: what') })
    expect(Error.stackTraceLimit).toBe(7)
  })

  test.each([
    ['HttpError: dns', new HttpError('dns', { cause: 'why' })],
    ['Trouble: timeout', new Trouble('timeout', { cause: 'why' })],
    ['LoadTrouble: malformed', new LoadTrouble('malformed', { cause: 'why' })],
  ])('%s', (text, error) => {
    expect([error.stack, error.cause, Object.keys(error)]).toEqual([text, 'why', expect.not.arrayContaining(['cause'])])
  })
})
