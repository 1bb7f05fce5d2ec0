// The page as an instrument: it looks back, keeps what it showed, admits what it does not know, and can be read and
// worked by everybody.
import { readFile } from 'node:fs/promises'
import type { Browser, Download, Page } from 'playwright-core'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { Frame, Recording } from '../../examples/outage-lab/src/frame.ts'
import { type Lab, startLab } from '../../examples/outage-lab/src/lab.ts'
import { describeWith } from '../machine.ts'
import { hadNoProblems, laneOf, open, shows, startBrowser, textOf, valueOf, type Watched } from './browser.ts'
import { contrast } from './contrast.ts'
import { post, recordingOf, until, VARIANTS } from './world.ts'

/** Sockets that a closed laboratory leaves behind are a browser's errors, and what those tests are about. */
const LOST = /ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|CONNECTION_RESET)/

describeWith(['chromium'], 'the page as an instrument', ({ chromium }) => {
  let browser: Browser
  let lab: Lab
  let watched: Watched
  let page: Page
  let frames: readonly Frame[]

  beforeAll(async () => {
    lab = await startLab({ speed: 10, interval: 3_600_000, load: { rate: 0 } })
    await post(lab.url, '/load', { rate: 100 })
    await until(() => lab.parts.callers.every(({ meter }) => meter.sent > 40), 'requests')
    const healthy = lab.frame()
    await post(lab.url, '/weather', { weather: 'down' })
    await until(() => lab.parts.callers.every(({ meter }) => meter.sent > 40), 'requests')
    await post(lab.url, '/load', { rate: 0 })
    await until(() => lab.parts.callers.every(({ inFlight }) => inFlight === 0), 'an answer to each')
    frames = [healthy, lab.frame(), lab.frame()]
    browser = await startBrowser(chromium)
    watched = await open(browser, lab.url)
    ;({ page } = watched)
    return async () => {
      await browser.close()
      await lab.close()
    }
  })

  afterEach(() => hadNoProblems(watched))

  const slider = () => page.getByRole('slider', { name: 'Moment' })

  test('looks back by keyboard, in all lanes, and says that this is not now', async () => {
    const [healthy, down, latest] = frames as [Frame, Frame, Frame]
    await shows(page, latest)
    await slider().focus()
    await page.keyboard.press('ArrowLeft')
    await shows(page, down)
    expect(await textOf(page.locator('#when'))).toMatch(/^At \d+:\d\d, .*before the latest: Down/)
    expect(await slider().getAttribute('aria-valuetext')).toContain('Served: Holdfast, Express')
    await page.keyboard.press('Home')
    await shows(page, healthy)
    expect(await textOf(page.locator('#when'))).toContain('Healthy')
    for (const variant of VARIANTS) expect(await valueOf(page, variant, 'answers', 'wrong')).toBe('0')
    await page.keyboard.press('Escape')
    await shows(page, latest)
    expect(await textOf(page.locator('#when'))).toMatch(/^Now: Down/)
    expect(await slider().getAttribute('aria-valuetext')).toBe('Now')
  })

  test('looks back where somebody points, with a line through the charts of every lane', async () => {
    const [healthy, , latest] = frames as [Frame, Frame, Frame]
    const box = (await laneOf(page, 'ttl').locator('[data-measure="answers"] .plot').boundingBox())!
    await page.mouse.move(box.x + 40, box.y + box.height / 2)
    await shows(page, healthy)
    for (const variant of VARIANTS) expect(await laneOf(page, variant).locator('.cursor').isVisible()).toBe(true)
    await page.mouse.move(box.x + 40, 5)
    await shows(page, latest)
    expect(await laneOf(page, 'ttl').locator('.cursor').isVisible()).toBe(false)
  })

  async function downloaded(button: string): Promise<Download> {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(button).click()])
    return download
  }

  test('a picture needs no other file: title, date, weather, legend and colours are in it', async () => {
    const download = await downloaded('#picture-svg')
    expect(download.suggestedFilename()).toMatch(/^outage-lab-[\dT-]+\.svg$/)
    const picture = await readFile(await download.path(), 'utf8')
    const parts = [
      'What four APIs serve',
      String(new Date().getFullYear()),
      'Healthy, Down',
      'Plain TTL cache',
      '503: nobody',
    ]
    expect(parts.filter((part) => !picture.includes(part))).toEqual([])
    expect(picture.match(/https?:\/\/(?!www\.w3\.org\/)\S*/g)).toBeNull()
    expect(picture.match(/--live:\s?rgb\(/g)).toHaveLength(1)

    const alone = await browser.newPage()
    await alone.setContent(picture)
    expect(await alone.locator('svg.picture').boundingBox()).toMatchObject({ width: 1356 })
    await alone.close()
  })

  test('a picture can be had in pixels', async () => {
    const octets = await readFile(await (await downloaded('#picture-png')).path())
    expect(octets.subarray(1, 4).toString()).toBe('PNG')
    expect(octets.readUInt32BE(16)).toBe(2 * 1_356)
  })

  test('a recording is what the server kept, and shows the same figures when it is opened', async () => {
    const [, down, latest] = frames as [Frame, Frame, Frame]
    const path = await (await downloaded('#recording')).path()
    const recording = JSON.parse(await readFile(path, 'utf8')) as Recording
    expect(recording.frames).toEqual((await recordingOf(lab.url)).frames)
    const live = await valueOf(page, 'koa', 'answers', 'stale')

    await page.locator('#recording-file').setInputFiles(path)
    await page.locator('#main[data-status="replay"]').waitFor()
    await shows(page, latest)
    expect(await textOf(page.locator('#notice'))).toContain('A recording of')
    expect(await page.getByRole('radio', { name: 'Slow' }).isDisabled()).toBe(true)
    expect(await valueOf(page, 'koa', 'answers', 'stale')).toBe(live)
    await slider().press('ArrowLeft')
    await shows(page, down)
    await page.keyboard.press('2') // does nothing: the weather of a recording is what it was
    await page.getByRole('button', { name: 'Back to live' }).click()
    await page.locator('#main[data-status="live"]').waitFor()
    expect(lab.controls.weather).toBe('down')
    await slider().press('Escape')
  })

  test('a file that is no recording is refused with the reason', async () => {
    const file = { name: 'else.json', mimeType: 'application/json', buffer: Buffer.from('{"format":"else"}') }
    await page.locator('#recording-file').setInputFiles(file)
    await page.locator('#notice[data-kind="error"]').waitFor()
    expect(await textOf(page.locator('#notice'))).toContain('else.json is no recording of this laboratory')
    await page.getByRole('button', { name: 'Close' }).click()
    expect(await page.locator('#notice[data-kind="error"]:visible').count()).toBe(0)
  })

  test('what the laboratory objects to is said', async () => {
    await page.route('**/action', (route) => route.fulfill({ status: 400, json: { error: 'nobody is left' } }))
    await page.getByRole('button', { name: 'Rotate keys' }).click()
    await page.locator('#notice[data-kind="error"]').waitFor()
    expect(await textOf(page.locator('#notice'))).toContain('nobody is left')
    await page.getByRole('button', { name: 'Close' }).click()
    await page.unroute('**/action')
    expect(watched.problems.splice(0)).toEqual([expect.stringContaining('400')]) // the browser says so, too
  })

  test('every control has a name, is reached by Tab, and shows that it has the focus', async () => {
    const controls = page.locator('button, select, a[href], [role="slider"], input:not([type="file"], [type="radio"])')
    const visible = await controls.and(page.locator(':visible')).all()
    const reached = new Set<string>()
    const outlines: number[] = []
    await page.locator('.skip').focus()
    for (let presses = 0; presses <= visible.length + 2; presses += 1) {
      const focused = page.locator(':focus:not([type="radio"])') // a radio button's label is outlined instead
      for (const one of await focused.all()) {
        reached.add(await one.evaluate((node) => node.outerHTML.slice(0, 120)))
        const outline = await one.evaluate((node) => node.ownerDocument.defaultView.getComputedStyle(node).outlineWidth)
        outlines.push(Number.parseFloat(outline))
      }
      await page.keyboard.press('Tab')
    }
    expect(Math.min(...outlines)).toBeGreaterThanOrEqual(2)
    for (const control of visible) {
      const html = await control.evaluate((node) => node.outerHTML.slice(0, 120))
      expect([...reached], html).toContain(html)
      expect(await control.ariaSnapshot(), html).toMatch(/"[^"]+"/)
    }
  })

  test('has the structure that assistive technology needs', async () => {
    expect(await page.locator('html').getAttribute('lang')).toBe('en')
    expect(await page.locator('h1').count()).toBe(1)
    expect(
      await page.getByRole('radiogroup', { name: 'Weather of the authorization server' }).getByRole('radio').count(),
    ).toBe(7)
    for (const variant of lab.state.variants)
      expect(await page.getByRole('region', { name: variant.title }).count()).toBe(1)
    expect(await page.locator('svg:not([aria-hidden="true"])').count()).toBe(0) // figures stand beside them as text
    expect(await page.locator('#announcer[aria-live="polite"]').count()).toBe(1)
    const ids = await page.locator('[id]').evaluateAll((nodes) => nodes.map(({ id }) => String(id)))
    expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted())
  })

  test.each(['light', 'dark'] as const)(
    'every text stands out from its ground in the %s theme',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme })
      const poor = await contrast(page.locator('body'))
      await page.emulateMedia({ colorScheme: null })
      expect(poor).toEqual([])
    },
  )

  test('a theme is chosen by button, and is that of the system until then', async () => {
    const ground = (): Promise<string> =>
      page.locator('body').evaluate((node) => node.ownerDocument.defaultView.getComputedStyle(node).backgroundColor)
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await ground()
    await page.locator('#theme').click()
    const light = await ground()
    expect(light).not.toBe(dark)
    await page.keyboard.press('t')
    expect(await ground()).toBe(dark)
    await page.keyboard.press('t')
    await page.emulateMedia({ colorScheme: null })
    expect(await textOf(page.locator('#theme'))).toBe('Theme: system')
  })

  test('shortcuts are listed, and can be switched off', async () => {
    await page.keyboard.press('?')
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    expect(await textOf(dialog)).toContain('Rotate keys')
    await dialog.getByRole('checkbox').uncheck()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.keyboard.press('?')
    expect(await dialog.isVisible()).toBe(false)
    await page.locator('#help').click()
    await dialog.getByRole('checkbox').check()
    await page.keyboard.press('Escape')
  })

  test.each([1_024, 2_200])('fits a screen of %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 900 })
    const [scrolled, lanes] = await page
      .locator('html')
      .evaluate((node) => [
        node.scrollWidth,
        [...node.querySelectorAll('.lane')].map((lane) => Math.round(lane.getBoundingClientRect().top)),
      ])
    expect(scrolled).toBe(width)
    expect(new Set(lanes).size).toBe(1)
    await page.setViewportSize({ width: 1_440, height: 900 })
  })

  test('a lost connection is said, nothing passes for live, and another run begins afresh', async () => {
    const port = Number(new URL(lab.url).port)
    await lab.close()
    await page.locator('#main[data-status="lost"]').waitFor()
    expect(await textOf(page.locator('#connection'))).toBe('No connection')
    expect(await textOf(page.locator('#notice'))).toContain('no longer true')
    await page.locator('#when', { hasText: /^At / }).waitFor()
    for (const variant of VARIANTS)
      expect(await textOf(laneOf(page, variant).locator('.of'))).toMatch(/in the \d+ s to \d+:\d\d$/)

    lab = await startLab({ port, interval: 3_600_000, load: { rate: 0 } })
    const first = lab.frame()
    await page.locator('#main[data-status="live"]').waitFor({ timeout: 15_000 })
    await shows(page, first)
    expect(await page.locator('#notice').isVisible()).toBe(false)
    expect(await textOf(laneOf(page, 'koa').locator('.because'))).toBe('No request was due.')
    expect(watched.problems.filter((problem) => !LOST.test(problem))).toEqual([])
    watched.problems.length = 0
  })
})
