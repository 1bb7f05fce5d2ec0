import { ConfigError } from '@holdfast/core'
import { Counter, Gauge, Histogram, type OpenMetricsContentType, type Registry } from 'prom-client'
import { type Labels, type MetricDefinition, type MetricKey, METRICS } from './metrics.ts'
import type { Buckets } from './options.ts'

type Of<Type extends MetricDefinition['type']> = {
  [Key in MetricKey]: (typeof METRICS)[Key]['type'] extends Type ? Key : never
}[MetricKey]
export type CounterKey = Of<'counter'>
export type GaugeKey = Of<'gauge'>
export type HistogramKey = Of<'histogram'>

const BUCKETS_OF: Readonly<Record<HistogramKey, keyof Buckets>> = {
  verificationSeconds: 'verification',
  introspectionSeconds: 'introspection',
  queueWait: 'queueWait',
  staleAge: 'staleAge',
}

const DEFINITIONS = Object.entries(METRICS) as [MetricKey, MetricDefinition][]
const JOIN = { sum: (a: number, b: number): number => a + b, max: Math.max, min: Math.min } as const

/** A register of prom-client, whichever format it writes. */
export type Register = Registry | Registry<OpenMetricsContentType>

/** All metrics, in one register. */
export class Registered {
  readonly #register: Register
  readonly #metrics: Readonly<Record<string, Counter | Gauge | Histogram>>

  /**
   * @param collect Called before each metric is read.
   * @throws {ConfigError} where the register has a metric of one of these names; then nothing is registered.
   */
  constructor(register: Register, buckets: Buckets, collect: () => void) {
    const taken = DEFINITIONS.find(([, { name }]) => register.getSingleMetric(name))
    if (taken)
      throw new ConfigError(
        `the register has a metric "${taken[1].name}" that is not of this observer; write another register`,
      )
    this.#register = register
    this.#metrics = Object.fromEntries(
      DEFINITIONS.map(([key, { type, name, help, labels, joined }]) => {
        const common = { name, help, labelNames: labels, registers: [register], collect }
        if (type === 'counter') return [key, new Counter(common)]
        if (type === 'gauge') return [key, new Gauge({ ...common, aggregator: joined ?? 'sum' })]
        return [key, new Histogram({ ...common, buckets: [...buckets[BUCKETS_OF[key as HistogramKey]]] })]
      }),
    )
  }

  /** False once the register was cleared, or has lost one of them. */
  get complete(): boolean {
    return DEFINITIONS.every(([key, { name }]) => this.#register.getSingleMetric(name) === this.#metrics[key])
  }

  /** Adds to a counter; 0 makes its series known. */
  count(key: CounterKey, by: number, labels: Labels): void {
    ;(this.#metrics[key] as Counter).inc(labels, by)
  }

  /** @param ms Milliseconds, as everything in events. */
  observe(key: HistogramKey, ms: number, labels: Labels): void {
    ;(this.#metrics[key] as Histogram).observe(labels, ms / 1_000)
  }

  /** Replaces all gauges. Values of the same series are joined; a series without one is gone. */
  show(values: Iterable<readonly [key: GaugeKey, value: number, labels: Labels]>): void {
    const series = new Map<string, readonly [key: GaugeKey, value: number, labels: Labels]>()
    for (const [key, value, labels] of values) {
      const name = seriesOf(key, labels)
      const before = series.get(name)
      series.set(name, [key, before ? JOIN[METRICS[key].joined](before[1], value) : value, labels])
    }
    for (const [key, { type }] of DEFINITIONS) if (type === 'gauge') this.#metrics[key]!.reset()
    for (const [key, value, labels] of series.values()) (this.#metrics[key] as Gauge).set(labels, value)
  }
}

/** What tells the series of one server apart. */
export function seriesOf(key: MetricKey, labels: Labels): string {
  return `${key} ${JSON.stringify(labels)}`
}
