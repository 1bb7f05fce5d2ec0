// A real Prometheus watches real APIs with the shipped rules, at a sixtieth of their durations.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/src/authorization-server.ts'
import { ORDERS_API } from '../../examples/demo/src/names.ts'
import { describeWith } from '../machine.ts'
import { type Prometheus, startPrometheus } from './prometheus-process.ts'
import { ALERTS, hurried, RULES, rulesIn } from './rules.ts'
import { type WatchedApi, watchedApi } from './watched-api.ts'

vi.setConfig({ testTimeout: 60_000 }) // what is waited for has half of that

const JOBS = ['calm', 'outage', 'credentials', 'forgery'] as const

/** Names of alerts, held against the rules: a misspelt one would never fire. */
function alerts(...names: readonly string[]): readonly string[] {
  const known = rulesIn(ALERTS).map(({ alert }) => alert)
  expect(names.filter((name) => !known.includes(name))).toEqual([])
  return names
}

describeWith(['prometheus'], 'the alerts of a real Prometheus', ({ prometheus: program }) => {
  let authority: AuthorizationServer
  let apis: Record<(typeof JOBS)[number], WatchedApi>
  let prometheus: Prometheus

  beforeAll(async () => {
    authority = await startAuthorizationServer()
    const built = await Promise.all(JOBS.map(async (job) => [job, await watchedApi(authority)] as const))
    apis = Object.fromEntries(built) as typeof apis
    const targets = Object.fromEntries(built.map(([job, { target }]) => [job, target]))
    const rules = new Map([...RULES].map(([name, text]) => [name, hurried(text, 60)]))
    prometheus = await startPrometheus(program, { targets, rules })
  })

  afterAll(async () => {
    await prometheus?.close()
    await Promise.all(Object.values(apis ?? {}).map((api) => api.close()))
    await authority?.close()
  })

  test('are silent in fair weather, in which there is traffic', async () => {
    for (const job of JOBS) {
      await prometheus.holds(`job_issuer_outcome:holdfast_verifications:rate5m{job="${job}",outcome="accepted"} > 1`)
      expect(await prometheus.fired(job)).toEqual([])
    }
  })

  describe('in weather of each kind', { concurrent: true }, () => {
    test('tell that the endpoint is gone and for how long that is bearable, until it is back', async () => {
      const { weather } = apis.outage
      await weather.inject({ is: 'refused' })
      await prometheus.fires('outage', alerts('HoldfastEndpointNotHealthy', 'HoldfastUnavailable'))
      await prometheus.fires('outage', alerts('HoldfastStaleNearBound'))
      await prometheus.fires('outage', alerts('HoldfastEndpointDown', 'HoldfastEndpointNotHealthy'))
      await weather.recover()
      await prometheus.settles('outage', [])
    })

    test('tell that our credentials are rejected, until they are right', async () => {
      apis.credentials.setSecret('a secret of yesterday')
      await prometheus.fires('credentials', alerts('HoldfastMisconfigured'))
      await prometheus.fires('credentials', alerts('HoldfastUnavailable'))
      apis.credentials.setSecret(ORDERS_API.secret)
      await prometheus.settles('credentials', [])
    })

    test('tell of forged tokens, until they cease', async () => {
      const genuine = await authority.mint('https://api.example.com/es256', 'orders:read')
      apis.forgery.setForgery(
        genuine.replace(/\.(.)([^.]*)$/, (_, first, rest) => `.${first === 'A' ? 'B' : 'A'}${rest}`),
      )
      await prometheus.fires('forgery', alerts('HoldfastSignatureBurst', 'HoldfastUnauthorizedSurge'))
      apis.forgery.setForgery(undefined)
      await prometheus.settles('forgery', [])
    })
  })

  test('have told nothing else, and nothing where all was well', async () => {
    expect(await prometheus.fired('calm')).toEqual([])
    expect(await prometheus.fired('forgery')).toEqual(alerts('HoldfastSignatureBurst', 'HoldfastUnauthorizedSurge'))
    expect(await prometheus.fired('outage')).toEqual(
      alerts('HoldfastEndpointDown', 'HoldfastEndpointNotHealthy', 'HoldfastStaleNearBound', 'HoldfastUnavailable'),
    )
    // While we are rejected there is hardly room for a call, so the endpoint may be called limited for a while.
    const beside = ['HoldfastEndpointNotHealthy', 'HoldfastStaleNearBound']
    const fired = await prometheus.fired('credentials')
    expect(fired.filter((name) => !beside.includes(name))).toEqual(
      alerts('HoldfastMisconfigured', 'HoldfastUnavailable'),
    )
  })
})
