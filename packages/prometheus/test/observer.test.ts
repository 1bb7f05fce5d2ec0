import { type AuthError, createResourceServer, type HoldfastEvent, type ResourceServer, scope } from '@holdfast/core'
import { prometheus } from '@holdfast/prometheus'
import { type OptionsOverrides, type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { AggregatorRegistry, type OpenMetricsContentType, Registry } from 'prom-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { scrape, seriesOf } from './scrape.ts'

const AUDIENCE = 'https://api.example.com'
const ISSUER = 'issuer="https://as.test"'
const VERIFICATIONS = 'holdfast_verifications_total'

let as: TestAuthorizationServer
let register: Registry

beforeEach(async () => {
  as = await testAuthorizationServer({ audience: AUDIENCE })
  register = new Registry()
})

function api(overrides: OptionsOverrides = {}): ResourceServer {
  return createResourceServer(as.options({ observe: prometheus(register), ...overrides }))
}

/** One request; what was refused is counted like any other. */
async function ask(server: ResourceServer, token: string | undefined): Promise<string> {
  const rawHeaders = token === undefined ? [] : ['authorization', `Bearer ${token}`]
  const answered = server.authenticate({ rawHeaders })
  // Network and waits are virtual: time moves on until there is an answer.
  const call = { isAnswered: false }
  const end = (): void => {
    call.isAnswered = true
  }
  void answered.then(end, end)
  while (!call.isAnswered) await as.clock.advance('50ms')
  return answered.then(
    ({ evidence }) => evidence.source,
    (error: unknown) => (error as AuthError).reason,
  )
}

const sumBy = (series: Readonly<Record<string, number>>, label: RegExp): number =>
  Object.entries(series).reduce((sum, [labels, value]) => sum + (label.test(labels) ? value : 0), 0)

describe('requests', () => {
  test('count by issuer, kind, outcome, source and reason', async () => {
    const server = api()
    const [jwt, opaque] = [as.jwt(), as.opaque()]
    for (const token of [jwt, jwt, jwt, opaque, opaque, as.jwt({ expiresIn: '-5m' }), undefined])
      await ask(server, token)
    const counted = await seriesOf(register, VERIFICATIONS)
    expect(Object.fromEntries(Object.entries(counted).filter(([, value]) => value > 0))).toEqual({
      [`${ISSUER},kind="jwt",outcome="accepted",source="live"`]: 1,
      [`${ISSUER},kind="jwt",outcome="accepted",source="cache"`]: 2,
      [`${ISSUER},kind="opaque",outcome="accepted",source="live"`]: 1,
      [`${ISSUER},kind="opaque",outcome="accepted",source="cache"`]: 1,
      [`${ISSUER},outcome="unauthorized",reason="token_expired"`]: 1,
      [`outcome="unauthorized",reason="credentials_missing"`]: 1,
    })
    await server.close()
  })

  test('are told apart by what the client got', async () => {
    const server = api()
    const jwt = as.jwt()
    const auth = await server.authenticate({ rawHeaders: ['authorization', `Bearer ${jwt}`] })
    expect(() => server.authorize(auth, scope('orders:read'))).toThrow('insufficient_scope')
    await ask(server, 'a b')
    as.outage()
    await ask(server, as.opaque())
    await server.close()
    await ask(server, jwt)
    const counted = await seriesOf(register, VERIFICATIONS)
    expect(sumBy(counted, /outcome="forbidden"/)).toBe(1)
    expect(sumBy(counted, /outcome="bad_request"/)).toBe(1)
    expect(sumBy(counted, /outcome="unavailable"/)).toBe(1) // what came after the end is nobody's any more
  })

  test('that get 5xx have their series before the first of them', async () => {
    const server = api()
    expect(await seriesOf(register, VERIFICATIONS)).toMatchObject({
      [`${ISSUER},outcome="unavailable",reason="introspection_unavailable"`]: 0,
      [`${ISSUER},outcome="error",reason="guard_failed"`]: 0,
    })
    await server.close()
  })

  test('with a known token tell nothing and are timed by nobody', async () => {
    const events: string[] = []
    const server = api({ observe: (event: HoldfastEvent) => void events.push(event.type) })
    const token = as.opaque()
    await ask(server, token)
    const before = events.length
    for (let count = 0; count < 10; count += 1) expect(await ask(server, token)).toBe('cache')
    expect(events.length).toBe(before)
    await server.close()
  })
})

describe('servers', () => {
  test('of one register add up, and one that is closed takes nothing away', async () => {
    const servers = [api(), api()] as const
    const token = as.opaque()
    for (const server of servers) for (let count = 0; count < 3; count += 1) await ask(server, token)
    const accepted = async (): Promise<number> => sumBy(await seriesOf(register, VERIFICATIONS), /outcome="accepted"/)
    expect(await accepted()).toBe(6)
    expect(await seriesOf(register, 'holdfast_cache_entries')).toMatchObject({ 'cache="introspected"': 2 })
    await ask(servers[0], token)
    await servers[0].close() // unscraped: one request
    expect(await accepted()).toBe(7)
    expect(await seriesOf(register, 'holdfast_cache_entries')).toMatchObject({ 'cache="introspected"': 1 })
    await ask(servers[1], token)
    expect(await accepted()).toBe(8)
    await servers[1].close()
    expect(await accepted()).toBe(8)
    expect(await seriesOf(register, 'holdfast_cache_entries')).toEqual({})
  })

  test('show how many DPoP proofs they remember', async () => {
    const server = api()
    const client = as.dpopClient()
    const token = as.jwt(client.bound())
    for (let count = 0; count < 3; count += 1) {
      const rawHeaders = client.fields({ url: `${AUDIENCE}/`, token })
      expect((await server.authenticate({ method: 'GET', url: '/', rawHeaders })).binding.by).toBe('dpop')
    }
    expect(await seriesOf(register, 'holdfast_cache_entries')).toMatchObject({ 'cache="proofs"': 3 })
    await server.close()
  })

  test('of one issuer show the states of each, the oldest document and the least of all keys', async () => {
    const early = api()
    await early.ready()
    await as.clock.advance('2m')
    const late = api()
    await late.ready()
    as.outage('introspection')
    const token = as.opaque()
    for (let count = 0; count < 12; count += 1) {
      await ask(late, `${token}${count}`)
      await as.clock.advance('1s')
    }
    const states = await seriesOf(register, 'holdfast_endpoint_state')
    expect(states).toEqual({
      [`${ISSUER},state="healthy"`]: 1,
      [`${ISSUER},state="limited"`]: 0,
      [`${ISSUER},state="down"`]: 1,
      [`${ISSUER},state="recovering"`]: 0,
    })
    const age = await seriesOf(register, 'holdfast_document_age_seconds')
    expect(age[`${ISSUER},document="keys"`]).toBeGreaterThan(120)
    expect(await seriesOf(register, 'holdfast_keys')).toEqual({ [ISSUER]: 1 })
    await Promise.all([early.close(), late.close()])
  })

  test('are read once for each scrape', async () => {
    let reads = 0
    const observer = prometheus(register)
    const server = createResourceServer(as.options())
    observer.attach!({
      status() {
        reads += 1
        return server.status()
      },
    })
    await register.metrics()
    expect(reads).toBe(1)
    await register.getMetricsAsJSON()
    expect(reads).toBe(2)
    await register.getSingleMetricAsString(VERIFICATIONS)
    expect(reads).toBe(3)
    await server.close()
  })
})

describe('what is told apart by a closed list', () => {
  test('is there before it happens, so that an alert sees it begin', async () => {
    const server = api()
    expect(await seriesOf(register, 'holdfast_signals_total')).toEqual({
      ...Object.fromEntries(
        ['signature_burst', 'use_after_revocation', 'unknown_issuer', 'token_churn', 'inactive_surge'].map((signal) => [
          `${ISSUER},signal="${signal}"`,
          0,
        ]),
      ),
      'signal="unknown_issuer"': 0,
    })
    expect(await seriesOf(register, 'holdfast_store_errors_total')).toEqual({
      'operation="load"': 0,
      'operation="save"': 0,
    })
    await server.close()
  })
})

describe('a forecast', () => {
  test('is shown where there is one', async () => {
    const server = api()
    expect(await seriesOf(register, 'holdfast_survivable_ratio')).toEqual({})
    const token = as.opaque()
    await as.clock.advance('1s')
    await ask(server, token)
    await as.clock.advance('15s')
    await ask(server, token)
    const ratios = await seriesOf(register, 'holdfast_survivable_ratio')
    expect(ratios[`${ISSUER},horizon="5m"`]).toBe(1)
    expect(ratios[`${ISSUER},horizon="1h"`]).toBe(0)
    const until = await seriesOf(register, 'holdfast_judged_until_timestamp_seconds')
    expect(until[`${ISSUER},kind="opaque"`]).toBeGreaterThan(as.clock.wall() / 1_000 + 300)
    await server.close()
  })

  test('of pinned keys has no end', async () => {
    const server = api({ jwt: { keys: as.keys } })
    await ask(server, as.jwt())
    const until = await seriesOf(register, 'holdfast_judged_until_timestamp_seconds')
    expect(until[`${ISSUER},kind="jwt"`]).toBeNaN() // "+Inf", which Number does not read
    expect(await register.getSingleMetricAsString('holdfast_judged_until_timestamp_seconds')).toContain(
      'kind="jwt"} +Inf',
    )
    await server.close()
  })

  test('that a drill has put to the proof is counted when it ends', async () => {
    const server = api()
    const token = as.opaque()
    await ask(server, token)
    const drill = server.drill({ issuer: as.issuer, for: '30s' })
    await ask(server, token)
    await ask(server, as.opaque())
    expect(sumBy(await seriesOf(register, 'holdfast_drill_requests_total'), /./)).toBe(0)
    await as.clock.advance('30s')
    await drill
    expect(await seriesOf(register, 'holdfast_drill_requests_total')).toMatchObject({
      [`${ISSUER},kind="opaque",outcome="served"`]: 1,
      [`${ISSUER},kind="opaque",outcome="refused",reason="new"`]: 1,
    })
    expect(await seriesOf(register, 'holdfast_drills_total')).toMatchObject({ [`${ISSUER},result="time"`]: 1 })
    await server.close()
  })
})

describe('a register of prom-client', () => {
  test('whose metrics were reset counts on from there', async () => {
    const server = api()
    const token = as.opaque()
    await ask(server, token)
    await register.metrics()
    register.resetMetrics()
    await ask(server, token)
    expect(sumBy(await seriesOf(register, VERIFICATIONS), /outcome="accepted"/)).toBe(1)
    await server.close()
  })

  test('speaks OpenMetrics, too', async () => {
    const open = new Registry<OpenMetricsContentType>()
    open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const server = api({ observe: prometheus(open) })
    await ask(server, as.opaque())
    const text = await open.metrics()
    expect(text).toContain('# TYPE holdfast_verifications counter')
    expect(text).toMatch(/\nholdfast_verifications_total\{.*outcome="accepted",source="live"\} 1\n/)
    expect(text).toMatch(/# EOF\n$/)
    await server.close()
  })

  test('of a cluster adds up processes, and keeps the oldest age and the lowest ratio', async () => {
    const observer = prometheus(register)
    const server = api({ observe: observer })
    await server.ready()
    const one = await register.getMetricsAsJSON()
    await as.clock.advance('1m')
    const other = await register.getMetricsAsJSON()
    const text = await AggregatorRegistry.aggregate([one, other] as never).metrics()
    expect(text).toMatch(/holdfast_document_age_seconds\{.*document="keys"\} 60\n/)
    expect(text).toMatch(/holdfast_endpoint_state\{.*state="healthy"\} 2\n/)
    expect(text).toMatch(/holdfast_keys\{.*\} 1\n/)
    await server.close()
  })
})

describe('events', () => {
  const issuer = 'https://as.test'
  const told: readonly (readonly [HoldfastEvent, string, Readonly<Record<string, number>>])[] = [
    [
      { type: 'document', document: 'keys', issuer, result: 'failed', trigger: 'ahead', trouble: 'status_502' },
      'holdfast_document_troubles_total',
      { [`${ISSUER},document="keys",trouble="status_5xx"`]: 1 },
    ],
    [
      { type: 'document', document: 'keys', issuer, result: 'loaded', trigger: 'unknown_kid', trouble: undefined },
      'holdfast_documents_total',
      { [`${ISSUER},document="keys",trigger="unknown_kid",result="loaded"`]: 1 },
    ],
    [
      { type: 'endpoint_moved', issuer, endpoint: 'introspection', refused: true },
      'holdfast_endpoint_moves_total',
      { [`${ISSUER},endpoint="introspection",result="refused"`]: 1 },
    ],
    [
      { type: 'key_skipped', issuer, why: 'private' },
      'holdfast_keys_skipped_total',
      { [`${ISSUER},reason="private"`]: 1 },
    ],
    [
      {
        type: 'introspection',
        issuer,
        class: 'quiet',
        waited: 30,
        result: 'trouble',
        trouble: 'timeout',
        duration: 2_000,
      },
      'holdfast_introspection_troubles_total',
      { [`${ISSUER},trouble="timeout"`]: 1 },
    ],
    [
      { type: 'endpoint', issuer, state: 'down', previous: 'limited', misconfigured: false },
      'holdfast_endpoint_state_changes_total',
      { [`${ISSUER},state="down"`]: 1 },
    ],
    [
      { type: 'endpoint', issuer, state: 'down', previous: 'down', misconfigured: true },
      'holdfast_endpoint_state_changes_total',
      {},
    ],
    [{ type: 'revocation', result: 'recorded' }, 'holdfast_revocations_total', { 'result="recorded"': 1 }],
    [{ type: 'store_failed', operation: 'save' }, 'holdfast_store_errors_total', { 'operation="save"': 1 }],
    [
      { type: 'signal', signal: 'unknown_issuer', issuer: undefined, count: 20, window: 60_000 },
      'holdfast_signals_total',
      { 'signal="unknown_issuer"': 1 },
    ],
    [
      { type: 'advice', code: 'HOLDFAST_TYP', issuer, message: 'write …' },
      'holdfast_advice_total',
      { [`${ISSUER},code="HOLDFAST_TYP"`]: 1 },
    ],
  ]

  test.each(told)('%j', async (event, name, series) => {
    prometheus(register).on(event)
    expect(await seriesOf(register, name)).toEqual(series)
  })

  test.each([
    [
      { type: 'verified', issuer, kind: 'jwt', duration: 4 },
      'holdfast_verification_seconds',
      `${ISSUER},kind="jwt"`,
      0.004,
    ],
    [{ type: 'stale', issuer, age: 290_000 }, 'holdfast_stale_age_seconds', ISSUER, 290],
    [
      { type: 'introspection', issuer, class: 'busy', waited: 30, result: 'active', trouble: undefined, duration: 20 },
      'holdfast_queue_wait_seconds',
      `${ISSUER},class="busy"`,
      0.03,
    ],
    [
      { type: 'introspection', issuer, class: 'busy', waited: 30, result: 'active', trouble: undefined, duration: 20 },
      'holdfast_introspection_seconds',
      `${ISSUER},result="active"`,
      0.02,
    ],
  ] as const)('%j is seconds', async (event, name, labels, seconds) => {
    prometheus(register).on(event)
    const series = await scrape(register)
    expect(series.get(`${name}_sum{${labels}}`)).toBeCloseTo(seconds, 9)
    expect(series.get(`${name}_count{${labels}}`)).toBe(1)
  })
})
