// Pictures of the page for the documentation. They are taken only when asked for, so that a test run changes no file:
// UPDATE_SCREENSHOTS=1 npx vitest run test/lab/screenshots.test.ts
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startLab } from '../../examples/outage-lab/src/lab.ts'
import { program } from '../machine.ts'
import { open, startBrowser } from './browser.ts'
import { withPalette } from './png.ts'
import { post } from './world.ts'

/** Octets of one picture: a repository keeps each of them for ever. */
const LARGEST = 150_000
const SECOND = 1_000

test.skipIf(process.env['UPDATE_SCREENSHOTS'] !== '1')(
  'screenshots for the documentation (skipped unless UPDATE_SCREENSHOTS=1)',
  async () => {
    const lab = await startLab()
    const browser = await startBrowser(program('chromium') ?? 'chromium')
    const { page, problems } = await open(browser, lab.url, { colorScheme: 'light' })

    const taken = new Map<string, Buffer>()
    async function shoot(name: string): Promise<void> {
      await page.mouse.move(0, 0)
      taken.set(name, await page.screenshot())
    }
    try {
      await sleep(75 * SECOND)
      await shoot('outage-lab-healthy')
      await post(lab.url, '/weather', { weather: 'down' })
      await sleep(50 * SECOND)
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#picture-svg').click()])
      await download.saveAs(image('outage-lab-run.svg'))
      await shoot('outage-lab-outage')
      await post(lab.url, '/weather', { weather: 'healthy' })
      await sleep(20 * SECOND)
      await post(lab.url, '/weather', { weather: 'brownout' })
      await sleep(70 * SECOND)
      await page.emulateMedia({ colorScheme: 'dark' })
      await shoot('outage-lab-dark')
      expect(problems).toEqual([])
    } finally {
      await browser.close()
      await lab.close()
    }
    // Not before the laboratory is closed: it runs in this process, and would show in the next picture.
    for (const [name, screenshot] of taken) {
      const octets = withPalette(screenshot)
      expect(octets.length, name).toBeLessThan(LARGEST)
      await writeFile(image(`${name}.png`), octets)
    }
  },
  300 * SECOND,
)

function image(name: string): string {
  return fileURLToPath(new URL(`../../docs/images/${name}`, import.meta.url))
}
