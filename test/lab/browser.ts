// The page of the laboratory in a real browser.
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import type { Frame } from '../../examples/outage-lab/src/frame.ts'
import { VARIANTS } from './world.ts'

export function startBrowser(executablePath: string): Promise<Browser> {
  // Containers run as root, where the sandbox does not start. It would protect us from our own page.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

export interface Watched {
  readonly page: Page
  /** Errors on the console, requests to anywhere else, and what was thrown. */
  readonly problems: string[]
  close(): Promise<void>
}

/** Opens the page, and notes whatever should not happen there. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`thrown: ${String(error)}`))
  page.on('request', (request) => {
    const { origin } = new URL(request.url()) // of a blob: that of the page
    if (origin !== url) problems.push(`request to ${origin}`)
  })
  await page.goto(url)
  await page.locator('#main[data-status="live"]').waitFor()
  return { page, problems, close: () => context.close() }
}

/** @throws {Error} with what should not have happened since this was asked last. */
export function hadNoProblems({ problems }: Watched): void {
  const found = problems.splice(0)
  if (found.length > 0) throw new Error(`problems on the page: ${found.join('; ')}`)
}

export function laneOf(page: Page, variant: string): Locator {
  return page.locator(`.lane[data-variant="${variant}"]`)
}

/** Waits until every lane shows this frame. */
export async function shows(page: Page, { seq }: Frame): Promise<void> {
  for (const variant of VARIANTS) await page.locator(`.lane[data-variant="${variant}"][data-seq="${seq}"]`).waitFor()
}

/** What a person reads. */
export async function textOf(place: Locator): Promise<string> {
  return plain(await place.innerText())
}

/** The number that stands beside a title: `valueOf(page, 'koa', 'answers', 'stale')`. */
export async function valueOf(page: Page, variant: string, measure: string, series: string): Promise<string> {
  return textOf(laneOf(page, variant).locator(`[data-measure="${measure}"] [data-series="${series}"]`))
}

/** Numbers and units are kept together by no-break spaces. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ')
}

/** Whether a number reads as this text: one decimal under ten, none above. */
export function reads(text: string, value: number): boolean {
  return Math.abs(Number(text) - value) <= (value < 10 ? 0.051 : 0.51)
}
