// Each weather of the laboratory takes effect, and its figures are the counters of the APIs themselves.
import { beforeAll, describe, expect, test } from 'vitest'
import type { Frame, VariantName, WeatherName } from '../../examples/outage-lab/src/frame.ts'
import { type Lab, startLab } from '../../examples/outage-lab/src/lab.ts'
import { post, refusals, sum, until, VARIANTS, wronglyRefused } from './world.ts'

const HOLDFAST: readonly VariantName[] = ['express', 'koa']
const PLAIN: readonly VariantName[] = ['ttl', 'none']

let lab: Lab
const frames: Frame[] = []

beforeAll(async () => {
  // Evidence ages twenty times as fast: known tokens are asked about again after half a second.
  lab = await startLab({ speed: 20, interval: 50, load: { rate: 20 } })
  lab.watch((frame) => frames.push(frame))
  return () => lab.close()
})

/** The frames of this weather until all APIs have shown what they do in it. */
async function during(
  weather: WeatherName,
  shown: (of: (name: VariantName) => Seen) => boolean,
): Promise<readonly Frame[]> {
  const first = frames.length
  await post(lab.url, '/weather', { weather })
  return until(() => {
    const since = frames.slice(first).filter((frame) => frame.weather === weather)
    return shown((name) => seen(since, name)) && since
  }, weather)
}

/** What an API showed in some frames. */
interface Seen {
  readonly accepted: number
  /** Opaque tokens that the server was asked about. */
  readonly live: number
  readonly stale: number
  readonly refused: number
  readonly unavailable: number
  readonly reasons: readonly string[]
  readonly states: readonly string[]
  readonly isMisconfigured: boolean
  readonly waiting: number
  readonly slowest: number
}

function seen(some: readonly Frame[], name: VariantName): Seen {
  const of = some.map(({ variants }) => variants[name])
  const status = (code: string): number => of.reduce((total, { statuses }) => total + (statuses[code] ?? 0), 0)
  return {
    accepted: status('200'),
    live: of.reduce((total, { accepted }) => total + accepted.opaque.live, 0),
    stale: of.reduce((total, { accepted }) => total + accepted.opaque.stale, 0),
    refused: status('401'),
    unavailable: status('503'),
    reasons: of.flatMap(({ refused }) => Object.keys(refused)),
    states: of.map(({ endpoint }) => endpoint?.state ?? 'none'),
    isMisconfigured: of.some(({ endpoint }) => endpoint?.misconfigured === true),
    waiting: Math.max(0, ...of.map(({ asked }) => asked.waiting)),
    slowest: Math.max(0, ...of.map(({ latency }) => latency.p99 ?? 0)),
  }
}

/** Evidence for all that comes after: on a busy machine, too, where a healthy endpoint may look limited. */
async function recover(): Promise<void> {
  await during(
    'healthy',
    (of) =>
      VARIANTS.every((name) => of(name).live > 10) &&
      HOLDFAST.every((name) => ['healthy', 'limited'].includes(of(name).states.at(-1)!)),
  )
}

describe.sequential('the weather', () => {
  test('healthy: every good token is accepted, everywhere', async () => {
    const healthy = await during('healthy', (of) => VARIANTS.every((name) => of(name).accepted > 50))
    for (const name of VARIANTS) expect(wronglyRefused(healthy, name), refusals(healthy, name)).toBe(0)
  })

  test('slow: every call takes as long as it takes, and known tokens are served stale meanwhile', async () => {
    await recover()
    const slow = await during('slow', (of) => of('none').slowest > 700 && HOLDFAST.every((name) => of(name).stale > 0))
    for (const name of HOLDFAST) expect(wronglyRefused(slow, name), refusals(slow, name)).toBe(0)
  })

  test('brownout: a queue before the server, and known tokens served stale', async () => {
    await recover()
    const brownout = await during(
      'brownout',
      (of) =>
        VARIANTS.every((name) => of(name).waiting > 0) &&
        HOLDFAST.every((name) => of(name).stale > 0 && of(name).states.includes('limited')),
    )
    for (const name of HOLDFAST) expect(wronglyRefused(brownout, name), refusals(brownout, name)).toBe(0)
  })

  test('down: Holdfast serves what it knows and says 503 of the rest; the others call good tokens bad', async () => {
    await recover()
    const down = await during(
      'down',
      (of) =>
        HOLDFAST.every((name) => of(name).stale > 0 && of(name).unavailable > 0) &&
        PLAIN.every((name) => of(name).refused > 0),
    )
    for (const name of HOLDFAST) expect(wronglyRefused(down, name), refusals(down, name)).toBe(0)
    for (const name of PLAIN) expect(wronglyRefused(down, name), refusals(down, name)).toBeGreaterThan(0)
  })

  test('nonsense: an answer that is no verdict is none', async () => {
    await recover()
    const nonsense = await during(
      'nonsense',
      (of) => HOLDFAST.every((name) => of(name).stale > 0) && PLAIN.every((name) => of(name).refused > 0),
    )
    for (const name of HOLDFAST) expect(wronglyRefused(nonsense, name), refusals(nonsense, name)).toBe(0)
  })

  test('all inactive: a verdict, and everybody has to obey', async () => {
    await recover()
    await during('all-inactive', (of) => VARIANTS.every((name) => of(name).refused > 0))
  })

  test('wrong credentials: the operator is told, the clients are not blamed', async () => {
    await recover()
    const wrong = await during(
      'wrong-credentials',
      (of) =>
        HOLDFAST.every((name) => of(name).isMisconfigured && of(name).stale > 0) &&
        PLAIN.every((name) => of(name).refused > 0),
    )
    for (const name of HOLDFAST) expect(wronglyRefused(wrong, name), refusals(wrong, name)).toBe(0)
    expect(sum(wrong.map(({ server }) => server.rejected))).toBeGreaterThan(0)
  })

  test('and in all of it the figures were the counters of the APIs and of the server', async () => {
    await post(lab.url, '/weather', { weather: 'healthy' })
    await post(lab.url, '/load', { rate: 0 })
    const { variants, server } = lab.parts
    await until(() => {
      const frame = lab.frame() // none of before, when there were pauses, too
      return frame.server.inFlight === 0 && VARIANTS.every((name) => idle(frame, name))
    }, 'idle')
    for (const variant of variants) {
      const { name, proxy } = variant
      const total = sum(frames.map((frame) => frame.variants[name])) as Record<string, object>
      const { accepted, refused } = variant.look()
      expect(total['accepted'], name).toEqual(accepted)
      expect(total['refused'], name).toEqual(withoutZeros(refused))
      expect(total['asked'], name).toMatchObject(proxy.asked)

      // What the callers saw is what the API says that it did; a caller who had given up saw nothing.
      const statuses = total['statuses'] as Record<string, number>
      const letIn = [accepted.jwt, accepted.opaque].flatMap((by) => [by.live, by.cache, by.stale])
      const unseen = sumOf(letIn) - (statuses['200'] ?? 0)
      expect(unseen, name).toBeGreaterThanOrEqual(0)
      expect(unseen, name).toBeLessThanOrEqual(statuses['none'] ?? 0)
      expect(sumOf(Object.values(statuses)), name).toBe(total['sent'])
    }
    const { inFlight: _, ...traffic } = server.traffic
    expect(sum(frames.map((frame) => frame.server))).toMatchObject(traffic)
  })
})

const idle = (frame: Frame, name: VariantName): boolean =>
  frame.variants[name].inFlight === 0 && frame.variants[name].asked.waiting === 0

const sumOf = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

function withoutZeros(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
