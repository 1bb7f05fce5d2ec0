import type { DocumentEvent, DrillReport, HoldfastEvent, ObservedServer, Observer } from '@holdfast/core'
import { METRICS } from './metrics.ts'
import { type CounterKey, type GaugeKey, type Registered, seriesOf } from './registered.ts'
import { type Sample, samplesOf } from './samples.ts'

/** What a server has counted so far, by series. */
type Counted = Map<string, number>

/**
 * Adds up what servers count. Their plain integers are read when somebody scrapes; events are only heard for what has no
 * integer: durations, ages and things that seldom happen. A known token is served without either.
 */
export class MetricsObserver implements Observer {
  readonly #metrics: Registered
  readonly #servers = new Map<ObservedServer, Counted>()
  #isCollected = false

  /** @param register Registers the metrics, which call back before they are read. */
  constructor(register: (collect: () => void) => Registered) {
    this.#metrics = register(() => this.#collect())
  }

  get registered(): boolean {
    return this.#metrics.complete
  }

  attach(server: ObservedServer): void {
    this.#servers.set(server, new Map())
  }

  /** What the server has counted stays: a counter that fell would look like a restart. */
  detach(server: ObservedServer): void {
    const counted = this.#servers.get(server)
    if (!counted) return
    for (const sample of samplesOf(server.status())) if (isCounted(sample)) this.#add(sample, counted)
    this.#servers.delete(server)
  }

  on(event: HoldfastEvent): void {
    const metrics = this.#metrics
    switch (event.type) {
      case 'refused':
        return // counted by the server
      case 'verified':
        return metrics.observe('verificationSeconds', event.duration, { issuer: event.issuer, kind: event.kind })
      case 'stale':
        return metrics.observe('staleAge', event.age, { issuer: event.issuer })
      case 'document':
        return this.#document(event)
      case 'endpoint_moved': {
        const { issuer, endpoint, refused } = event
        return metrics.count('endpointMoves', 1, { issuer, endpoint, result: refused ? 'refused' : 'followed' })
      }
      case 'key_skipped':
        return metrics.count('keysSkipped', 1, { issuer: event.issuer, reason: event.why })
      case 'introspection': {
        const { issuer, result, trouble, duration, class: from, waited } = event
        metrics.observe('introspectionSeconds', duration, { issuer, result })
        metrics.observe('queueWait', waited, { issuer, class: from })
        if (trouble !== undefined) metrics.count('introspectionTroubles', 1, { issuer, trouble })
        return
      }
      case 'endpoint': {
        const { issuer, state, previous } = event
        if (state !== previous) metrics.count('endpointStateChanges', 1, { issuer, state })
        return
      }
      case 'revocation':
        return metrics.count('revocations', 1, { result: event.result })
      case 'store_failed':
        return metrics.count('storeErrors', 1, { operation: event.operation })
      case 'signal':
        return metrics.count('signals', 1, { ...issuerOf(event), signal: event.signal })
      case 'drill':
        return event.report && this.#drill(event.report)
      case 'advice':
        return metrics.count('advice', 1, { ...issuerOf(event), code: event.code })
    }
  }

  #document({ issuer, document, trigger, result, trouble }: DocumentEvent): void {
    this.#metrics.count('documents', 1, { issuer, document, trigger, result })
    if (trouble === undefined) return
    // A server chooses its status codes: a label may have a few of its choice, not all.
    const kind = trouble.replace(/^status_(\d)\d\d$/, 'status_$1xx')
    this.#metrics.count('documentTroubles', 1, { issuer, document, trouble: kind })
  }

  #drill({ issuer, ended, served, refused }: DrillReport): void {
    this.#metrics.count('drills', 1, { issuer, result: ended })
    for (const kind of ['jwt', 'opaque'] as const) {
      this.#metrics.count('drillRequests', served[kind], { issuer, kind, outcome: 'served' })
      for (const [reason, count] of Object.entries(refused[kind]))
        this.#metrics.count('drillRequests', count, { issuer, kind, outcome: 'refused', reason })
    }
  }

  /** Once for each scrape: a register asks all its metrics in a row, before anything else is done. */
  #collect(): void {
    if (this.#isCollected) return
    this.#isCollected = true
    queueMicrotask(() => {
      this.#isCollected = false
    })
    const gauges: (readonly [GaugeKey, number, Sample[2]])[] = []
    for (const [server, counted] of this.#servers) {
      for (const sample of samplesOf(server.status())) {
        if (isCounted(sample)) this.#add(sample, counted)
        else gauges.push(sample as (typeof gauges)[number])
      }
    }
    this.#metrics.show(gauges)
  }

  #add([key, value, labels]: readonly [CounterKey, number, Sample[2]], counted: Counted): void {
    const series = seriesOf(key, labels)
    const before = counted.get(series) ?? 0
    this.#metrics.count(key, Math.max(0, value - before), labels)
    counted.set(series, Math.max(value, before))
  }
}

const isCounted = (sample: Sample): sample is readonly [CounterKey, number, Sample[2]] =>
  METRICS[sample[0]].type === 'counter'

const issuerOf = ({ issuer }: { readonly issuer: string | undefined }): { issuer?: string } =>
  issuer === undefined ? {} : { issuer }
