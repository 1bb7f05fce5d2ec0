import { ConfigError } from '@holdfast/core'
import { prometheus, type PrometheusOptions } from '@holdfast/prometheus'
import { Counter, Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { METRICS } from '../src/metrics.ts'

const names = Object.values(METRICS).map(({ name }) => name)
const registered = (register: Registry): readonly string[] => register.getMetricsAsArray().map(({ name }) => name)

function complaint(register: unknown, options: unknown): string | undefined {
  try {
    prometheus(register as Registry, options as PrometheusOptions)
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

describe('a register', () => {
  test('gets every metric', () => {
    const register = new Registry()
    prometheus(register)
    expect(registered(register)).toEqual(names)
  })

  test('has one observer, so that servers made in different places share it', () => {
    const register = new Registry()
    expect(prometheus(register)).toBe(prometheus(register))
    expect(prometheus(register)).not.toBe(prometheus(new Registry()))
  })

  test('that was cleared gets new metrics', () => {
    const register = new Registry()
    const before = prometheus(register)
    register.clear()
    expect(prometheus(register)).not.toBe(before)
    expect(registered(register)).toEqual(names)
  })

  test('with other buckets than before is refused', () => {
    const register = new Registry()
    const buckets = { introspection: [0.1, 1] }
    expect(prometheus(register, { buckets })).toBe(prometheus(register, { buckets: { introspection: [0.1, 1] } }))
    expect(complaint(register, {})).toBe(
      'prometheus(): this register has the metrics already, with other "buckets"; write the same',
    )
  })

  test('that has a metric of such a name is refused and left as it is', () => {
    const register = new Registry()
    register.registerMetric(new Counter({ name: 'holdfast_signals_total', help: 'another one', registers: [] }))
    expect(complaint(register, {})).toMatch(/^the register has a metric "holdfast_signals_total"/)
    expect(registered(register)).toEqual(['holdfast_signals_total'])
  })

  test('is what comes first', () => {
    const expected = /^prometheus\(\): the first argument is a register of prom-client/
    for (const wrong of [undefined, null, {}, 'register', { buckets: {} }]) {
      expect(complaint(wrong, {})).toMatch(expected)
    }
  })
})

describe('options', () => {
  const LIST = 'write a list of 1 to 50 rising numbers of seconds, such as [0.01, 0.1, 1]'
  test.each([
    [{ bucket: {} }, 'unknown option "bucket"; did you mean "buckets"?'],
    [{ prefix: 'my_' }, 'unknown option "prefix"; the options here are "buckets"'],
    [{ buckets: { staleage: [1] } }, 'unknown option "buckets.staleage"; did you mean "staleAge"?'],
    [{ buckets: [1] }, 'option "buckets" is a list; write an object of named members'],
    [{ buckets: { queueWait: [] } }, `option "buckets.queueWait" is a list; ${LIST}`],
    [{ buckets: { queueWait: [1, 1] } }, `option "buckets.queueWait" is a list; ${LIST}`],
    [{ buckets: { queueWait: [0, 1] } }, `option "buckets.queueWait" is a list; ${LIST}`],
    [{ buckets: { queueWait: [1, Infinity] } }, `option "buckets.queueWait" is a list; ${LIST}`],
    [{ buckets: { queueWait: ['1'] } }, `option "buckets.queueWait" is a list; ${LIST}`],
    [
      { buckets: { queueWait: Array.from({ length: 51 }, (_, at) => at + 1) } },
      `option "buckets.queueWait" is a list; ${LIST}`,
    ],
    [{ buckets: { verification: '1s' } }, `option "buckets.verification" is "1s"; ${LIST}`],
  ])('%j are refused', (options, message) => {
    const register = new Registry()
    expect(complaint(register, options)).toBe(message)
    expect(registered(register)).toEqual([])
  })

  test('buckets are those of the histogram', async () => {
    const register = new Registry()
    const observer = prometheus(register, { buckets: { staleAge: [60, 120] } })
    observer.on({ type: 'stale', issuer: 'https://as.test', age: 90_000 })
    expect(await register.getSingleMetricAsString('holdfast_stale_age_seconds')).toMatch(
      /le="60",[^}]*\} 0\n.*le="120",[^}]*\} 1\n.*le="\+Inf",[^}]*\} 1\n/,
    )
  })
})
