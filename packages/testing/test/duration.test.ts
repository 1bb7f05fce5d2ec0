import { ConfigError, type Duration } from '@holdfast/core'
import { testAuthorizationServer } from '@holdfast/testing'
import { describe, expect, it } from 'vitest'

import { milliseconds } from '../src/duration.ts'

describe('milliseconds', () => {
  it('takes durations of both signs', () => {
    expect([milliseconds('90s'), milliseconds('-1.5m' as Duration)]).toEqual([90_000, -90_000])
  })

  it.each([undefined, null, 30, {}, [], '30', '', '-', '--1s'])('says what a duration is, given %j', (value) => {
    expect(() => milliseconds(value as Duration)).toThrow(ConfigError)
  })
})

it('is what the test server says of a wrong duration', async () => {
  const as = await testAuthorizationServer({ audience: 'https://api.example.com' })
  expect(() => as.jwt({ expiresIn: 30 as unknown as Duration })).toThrow(ConfigError)
})
