// The page in real Chromium, driven as a person does it, and held against what the laboratory itself counted.
import type { Browser, Page } from 'playwright-core'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { Evidence, Frame, Outcomes, VariantFrame, VariantName } from '../../examples/outage-lab/src/frame.ts'
import { type Lab, startLab } from '../../examples/outage-lab/src/lab.ts'
import { WEATHER_NAMES, WEATHERS } from '../../examples/outage-lab/src/weather/weathers.ts'
import { describeWith } from '../machine.ts'
import { hadNoProblems, laneOf, open, reads, shows, startBrowser, textOf, valueOf, type Watched } from './browser.ts'
import { post, recordingOf, until, VARIANTS } from './world.ts'

const GOOD = ['jwt', 'opaque', 'oneShotJwt', 'oneShotOpaque'] as const
const BAD = ['revoked', 'madeUp'] as const
const EVERYBODY = [...GOOD, ...BAD] as const

describeWith(['chromium'], 'the page', ({ chromium }) => {
  let browser: Browser
  let lab: Lab
  let watched: Watched
  let page: Page

  beforeAll(async () => {
    // Frames are taken by hand, so that page and server are compared at the same moment.
    lab = await startLab({ speed: 10, interval: 3_600_000, load: { rate: 0 } })
    browser = await startBrowser(chromium)
    lab.frame()
    watched = await open(browser, lab.url)
    ;({ page } = watched)
    return async () => {
      await browser.close()
      await lab.close()
    }
  })

  afterEach(() => hadNoProblems(watched))

  async function frame(): Promise<Frame> {
    const taken = lab.frame()
    await shows(page, taken)
    return taken
  }

  /** Sends for a moment, and takes a frame once everything is answered. */
  async function load(rate: number, flood: number): Promise<Frame> {
    const before = sent(lab)
    await post(lab.url, '/load', { rate, flood, oneShotShare: 0.2 })
    await until(() => sent(lab) - before > 80, 'requests that are sent')
    await post(lab.url, '/load', { rate: 0, flood: 0 })
    await until(() => lab.parts.callers.every(({ inFlight }) => inFlight === 0), 'an answer to each')
    return frame()
  }

  const figure = (variant: string, measure: string, series: string): Promise<string> =>
    valueOf(page, variant, measure, series)

  test.each(WEATHER_NAMES)('the weather "%s" is chosen by click, and is what the server says', async (weather) => {
    await page.getByRole('radio', { name: WEATHERS[weather].title }).click()
    await until(() => lab.controls.weather === weather, weather)
    const taken = await frame()
    expect(taken.weather).toBe(weather)
    expect(await page.getByRole('radio', { checked: true }).inputValue()).toBe(weather)
    expect(await textOf(page.locator('#when'))).toContain(`Now: ${WEATHERS[weather].title}`)
    expect(await textOf(page.locator('#weather-text'))).toBe(WEATHERS[weather].text)
  })

  test('the arrow keys go through the weathers, and numbers lead to each', async () => {
    await page.keyboard.press('1')
    await until(() => lab.controls.weather === 'healthy', 'healthy')
    await page.locator('input[value="healthy"]:checked').focus()
    for (const weather of WEATHER_NAMES.slice(1)) {
      await page.keyboard.press('ArrowDown')
      await until(() => lab.controls.weather === weather, weather)
    }
    for (const [index, weather] of WEATHER_NAMES.entries()) {
      await page.keyboard.press(String(index + 1))
      await until(() => lab.controls.weather === weather, weather)
      await page.locator(`input[value="${weather}"]:checked`).waitFor()
    }
  })

  test.each(['healthy', 'down'] as const)('figures are those of the server while it is %s', async (weather) => {
    await page.locator(`input[value="${weather}"]`).check()
    await until(() => lab.controls.weather === weather, weather)
    await frame()
    const counted = await countersOf(lab)
    const taken = await load(150, 60)
    const since = differences(counted, await countersOf(lab))
    const perSecond = (count: number): number => (count * 1_000) / taken.span
    const { frames } = await recordingOf(lab.url)

    for (const variant of VARIANTS) {
      const one = taken.variants[variant]
      const expected = {
        live: of(one, 'live'),
        cache: of(one, 'cache'),
        stale: of(one, 'stale'),
        turned: answers(one, BAD, 'refused'),
        unavailable: answers(one, EVERYBODY, 'unavailable'),
        wrong: answers(one, GOOD, 'refused'),
        failed: answers(one, EVERYBODY, 'failed') + one.heldBack,
        alarm: answers(one, BAD, 'accepted'),
      }
      for (const [series, count] of Object.entries(expected)) {
        const text = await figure(variant, 'answers', series)
        expect(reads(text, perSecond(count)), `${variant} ${series}: ${text} for ${perSecond(count)}`).toBe(true)
      }
      const share = Number.parseFloat(await textOf(laneOf(page, variant).locator('.share')))
      expect(Math.abs(share - servedLately(frames, variant)), `${variant} ${share} %`).toBeLessThanOrEqual(1)
      expect(reads(await figure(variant, 'asked', 'asked'), perSecond(asked(one))), variant).toBe(true)
      expect(since[variant] ?? evidenceOf(one), variant).toEqual(evidenceOf(one))
    }
  })

  test('what each lane says of itself fits the weather', async () => {
    await page.keyboard.press('1')
    await load(150, 0)
    await page.keyboard.press('4')
    await until(() => lab.controls.weather === 'down', 'down')
    await load(150, 0)
    for (const name of ['express', 'koa'] as const) {
      expect(await textOf(laneOf(page, name).locator('.because'))).toContain('503 with Retry-After: nobody can know')
      expect(await laneOf(page, name).locator('.state').textContent()).not.toBe('')
    }
    for (const name of ['ttl', 'none'] as const)
      expect(await textOf(laneOf(page, name).locator('.because'))).toContain('401 for a good token')
    expect(await laneOf(page, 'none').getAttribute('data-verdict')).toBe('poor')
  })

  test('actions, dials, flood and scenarios do what they say', async () => {
    await page.keyboard.press('1')
    for (const name of ['Rotate keys', 'Withdraw old keys'])
      await Promise.all([page.waitForResponse('**/action'), page.getByRole('button', { name, exact: true }).click()])
    await page.locator('[data-dial="rate"]').focus()
    await page.keyboard.press('ArrowRight')
    await until(() => lab.controls.load.rate > 0, 'a higher rate')
    await page.keyboard.press('f')
    await until(() => lab.controls.load.flood > 0, 'a flood')
    await page.keyboard.press('f')
    await until(() => lab.controls.load.flood === 0, 'no flood')
    await post(lab.url, '/load', { rate: 0 })

    await page.getByRole('combobox', { name: 'Scenario' }).selectOption('key-rotation')
    await page.getByRole('button', { name: 'Start' }).click()
    await until(() => lab.controls.scenario?.name === 'key-rotation', 'the scenario')
    await page.getByRole('button', { name: 'Stop' }).click()
    await until(() => lab.controls.scenario === null, 'its end')

    await frame()
    const log = await textOf(page.locator('#log'))
    for (const line of ['Rotate keys', 'Withdraw old keys']) expect(log).toContain(line)
    await page.locator('#announcer', { hasText: /\w/ }).waitFor({ state: 'attached' })
  })
})

/** Requests that went out since the last frame. */
function sent({ parts }: Lab): number {
  return parts.callers.reduce((all, { meter }) => all + meter.sent, 0)
}

const of = ({ accepted }: VariantFrame, source: keyof Evidence): number =>
  accepted.jwt[source] + accepted.opaque[source]

const evidenceOf = (one: VariantFrame): Evidence => ({
  live: of(one, 'live'),
  cache: of(one, 'cache'),
  stale: of(one, 'stale'),
})

const asked = ({ asked: { introspection, keys, metadata } }: VariantFrame): number => introspection + keys + metadata

/** The part of the good tokens that were served in the last 10 s, in percent. */
function servedLately(frames: readonly Frame[], variant: VariantName): number {
  const end = frames.at(-1)!.at
  const lately = frames.filter(({ at, span }) => at === end || at - span / 2 > end - 10_000)
  const total = (what: keyof Outcomes): number =>
    lately.reduce((all, { variants }) => all + answers(variants[variant], GOOD, what), 0)
  const served = total('accepted')
  return (served / (served + total('refused') + total('unavailable') + total('failed'))) * 100
}

function answers(
  { outcomes }: VariantFrame,
  senders: readonly (typeof EVERYBODY)[number][],
  what: keyof Outcomes,
): number {
  return senders.reduce((all, sender) => all + outcomes[sender][what], 0)
}

/** Accepted requests by evidence, from the Prometheus metrics of those APIs that have any. */
async function countersOf(lab: Lab): Promise<Readonly<Record<string, Evidence>>> {
  const found = lab.state.variants.map(async ({ name, metrics }) => {
    if (metrics === null) return []
    const text = await (await fetch(metrics)).text()
    const total = (source: string): number =>
      [
        ...text.matchAll(
          new RegExp(`^holdfast_verifications_total\\{.*outcome="accepted",source="${source}"\\} (\\d+)`, 'gm'),
        ),
      ]
        .map(([, count]) => Number(count))
        .reduce((all, one) => all + one, 0)
    return [[name, { live: total('live'), cache: total('cache'), stale: total('stale') }] as const]
  })
  return Object.fromEntries((await Promise.all(found)).flat())
}

function differences(
  before: Readonly<Record<string, Evidence>>,
  after: Readonly<Record<string, Evidence>>,
): Readonly<Record<string, Evidence>> {
  return Object.fromEntries(
    Object.entries(after).map(([name, { live, cache, stale }]) => {
      const was = before[name] ?? { live: 0, cache: 0, stale: 0 }
      return [name, { live: live - was.live, cache: cache - was.cache, stale: stale - was.stale }]
    }),
  )
}
