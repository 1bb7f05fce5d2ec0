import { describe, expect, test } from 'vitest'
import { chance } from './engine/chance.ts'
import { type PlannedRequest, planOf, type PlanTerms } from './forecast/plan.ts'
import { ISSUER, Stage, type StageOptions } from './forecast/stage.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HORIZONS = { '1m': MINUTE, '5m': 5 * MINUTE, '1h': 60 * MINUTE } as const

/** A plan and a server, drawn from a seed. */
function drawn(seed: number, until: number): { terms: PlanTerms; options: StageOptions } {
  const random = chance(`forecast ${seed}`)
  const terms = {
    seed,
    sessions: 20 + random.below(60),
    perSecond: 4 + random.below(12),
    oneShotsPerSecond: random.pick([0, 1, 2]),
    tokenLife: random.pick([2, 5, 15, 90]) * MINUTE,
    jwtShare: random.pick([0, 0.4]),
    demandingShare: random.pick([0, 0.1]),
    until,
  }
  const options: StageOptions = {
    mode: random.pick(['offline', 'online', 'onlineWhenHealthy']),
    resilience: random.pick(['strict', 'balanced', 'available']),
  }
  return { terms, options }
}

interface Played {
  readonly stage: Stage
  /** Those of the gauge's last minute that were accepted. */
  readonly lastMinute: readonly PlannedRequest[]
  /** Of these, those whose token does not need an answer, or came more than once. */
  readonly kept: readonly PlannedRequest[]
}

async function played(terms: PlanTerms, options: StageOptions): Promise<Played> {
  const stage = new Stage(terms.seed, options)
  const plan = planOf(terms)
  const results = stage.play(plan)
  await stage.world.run(terms.until)
  const accepted = plan.filter((_, index) => results[index]!.outcome === 'accepted')
  const uses = new Map<PlannedRequest['token'], number>()
  for (const { token } of accepted) uses.set(token, (uses.get(token) ?? 0) + 1)
  const oldest = Math.floor(terms.until / 5_000) - 11
  const lastMinute = accepted.filter(({ at }) => Math.floor(at / 5_000) >= oldest)
  const needsAnswer = (one: PlannedRequest): boolean =>
    one.token.kind === 'opaque' || options.mode === 'online' || one.demanding
  const kept = lastMinute.filter((one) => !needsAnswer(one) || uses.get(one.token)! > 1)
  return { stage, lastMinute, kept }
}

/** Which part of the last minute's requests is served by a server whose authorization server is killed now. */
async function survived({ stage, lastMinute, kept }: Played, { until, ...terms }: PlanTerms) {
  stage.kill()
  // Requests with tokens that it has never seen find out that it is gone.
  stage.play(planOf({ ...terms, sessions: 1, perSecond: 3, jwtShare: 0, until: 20 * SECOND }), until)
  const ratios: Partial<Record<keyof typeof HORIZONS, number>> = {}
  for (const [name, horizon] of Object.entries(HORIZONS) as [keyof typeof HORIZONS, number][]) {
    await stage.world.run(until + horizon)
    const results = kept.map((request) => stage.send(request))
    await stage.world.run(until + horizon + 5 * SECOND)
    ratios[name] = results.filter(({ outcome }) => outcome === 'accepted').length / lastMinute.length
  }
  return ratios
}

const SEEDS = Array.from({ length: 8 }, (_, seed) => seed)

describe('survivable', () => {
  test.each(SEEDS)(
    'is what is served when the authorization server is killed there and then (seed %i)',
    async (seed) => {
      const { terms, options } = drawn(seed, 130 * SECOND + seed * 7_345)
      const run = await played(terms, options)
      const { survivable, issuers } = run.stage.server.status()
      expect(issuers[0]!.survivable).toEqual(survivable)
      for (const [name, ratio] of Object.entries(await survived(run, terms)))
        expect.soft(survivable[name as keyof typeof HORIZONS], name).toBeCloseTo(ratio, 10)
      await run.stage.world.close()
    },
  )

  test('takes a token that fell out of a full store, and came in again, for a new one', async () => {
    const { terms, options } = drawn(2, 130 * SECOND)
    const full = { terms: { ...terms, jwtShare: 0, oneShotsPerSecond: 2 }, options: { ...options, cache: FULL } }
    const run = await played(full.terms, full.options)
    const { survivable } = run.stage.server.status()
    const ratios = await survived(run, full.terms)
    expect(survivable['1m']).toBeLessThanOrEqual(ratios['1m']!)
    expect(survivable['1m']).toBeGreaterThan(ratios['1m']! - 0.1)
    await run.stage.world.close()
  })
})

const FULL = { introspected: { entries: 30 } }

describe('a drill', () => {
  test.each(SEEDS)('counts what is served and refused when the server is really killed (seed %i)', async (seed) => {
    const [from, lasts] = [80 * SECOND, 100 * SECOND]
    const { terms, options: all } = drawn(seed + 100, from + lasts - 3 * SECOND)
    // In the first seconds of a real outage signatures do not stand in yet.
    const mode = all.mode === 'onlineWhenHealthy' ? 'online' : all.mode
    const options: StageOptions = { ...all, ...(mode && { mode }), ...(seed % 2 === 0 ? { cache: FULL } : {}) }
    const plan = planOf(terms)

    const alive = new Stage(seed, options)
    const live = alive.play(plan)
    await alive.world.run(from)
    const drill = alive.server.drill({ issuer: ISSUER, for: '100s' })
    await alive.world.run(from + lasts)
    const report = await drill

    const dead = new Stage(seed, options)
    const outcomes = dead.play(plan)
    await dead.world.run(from)
    dead.kill()
    await dead.world.run(from + lasts)

    const counted = plan.flatMap((request, index) =>
      request.at >= from && live[index]!.outcome === 'accepted'
        ? [{ kind: request.token.kind, outcome: outcomes[index]!.outcome }]
        : [],
    )
    for (const kind of ['jwt', 'opaque'] as const) {
      const ofKind = counted.filter((one) => one.kind === kind)
      const served = ofKind.filter(({ outcome }) => outcome === 'accepted').length
      const refused = Object.values(report.refused[kind]).reduce((sum, one) => sum + one, 0)
      expect.soft({ kind, served: report.served[kind], refused }).toEqual({
        kind,
        served,
        refused: ofKind.length - served,
      })
    }
    await Promise.all([alive, dead].map(({ world }) => world.close()))
  })

  test('changes no answer, no call and nothing that is known', async () => {
    const { terms, options } = drawn(3, 120 * SECOND)
    const plan = planOf({ ...terms, oneShotsPerSecond: 2, demandingShare: 0.1 })
    const play = async (drilling: boolean) => {
      const stage = new Stage(3, { ...options, cache: FULL })
      const results = stage.play(plan)
      await stage.world.run(30 * SECOND)
      const drill = drilling ? stage.server.drill({ issuer: ISSUER, for: '60s' }) : undefined
      await stage.world.run(terms.until)
      await drill
      const { traffic } = stage.world.replicas[0]!.network
      await stage.world.close()
      return { results, traffic, status: stage.server.status() }
    }
    expect(await play(true)).toEqual(await play(false))
  })
})
