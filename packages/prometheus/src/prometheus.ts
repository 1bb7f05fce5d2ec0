import { isDeepStrictEqual } from 'node:util'
import { ConfigError, type Observer } from '@holdfast/core'
import { MetricsObserver } from './observer.ts'
import { type Buckets, type PrometheusOptions, resolveBuckets } from './options.ts'
import { type Register, Registered } from './registered.ts'

/** The observer that each register has. */
const observers = new WeakMap<Register, { readonly observer: MetricsObserver; readonly buckets: Buckets }>()

/**
 * An observer that keeps what servers do in a register of prom-client: `observe: prometheus(register)`.
 *
 * Several servers add up, by issuer; a server that was closed leaves its counters. Called again with the same register it
 * is the same observer, so that servers made in different places can share one; after `register.clear()` it is a new one,
 * for servers made after that.
 *
 * @throws {ConfigError} when an option is unknown or wrong, the register has other metrics of these names, or was given
 *   other buckets before.
 */
export function prometheus(register: Register, options: PrometheusOptions = {}): Observer {
  if (!isRegister(register))
    throw new ConfigError('prometheus(): the first argument is a register of prom-client, such as its own "register"')
  const buckets = resolveBuckets(options)
  const known = observers.get(register)
  if (known?.observer.registered === true) {
    if (isDeepStrictEqual(known.buckets, buckets)) return known.observer
    throw new ConfigError('prometheus(): this register has the metrics already, with other "buckets"; write the same')
  }
  const observer = new MetricsObserver((collect) => new Registered(register, buckets, collect))
  observers.set(register, { observer, buckets })
  return observer
}

function isRegister(value: unknown): value is Register {
  const { registerMetric, getSingleMetric } = (value ?? {}) as Partial<Register>
  return typeof registerMetric === 'function' && typeof getSingleMetric === 'function'
}
