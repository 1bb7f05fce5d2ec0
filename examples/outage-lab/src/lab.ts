import { randomUUID } from 'node:crypto'
import { Controls } from './controls.ts'
import type { Frame, LabState, Recording, ScenarioName } from './frame.ts'
import { Camera } from './frames/camera.ts'
import { Journal } from './frames/journal.ts'
import { createLoadGenerator, DEFAULT_LOAD } from './load/load-generator.ts'
import type { LabOptions } from './options.ts'
import { type Parts, startParts } from './parts.ts'
import { stateOf } from './state.ts'
import { termsAt } from './terms.ts'
import { EventStream } from './web/events.ts'
import { startPageServer } from './web/page-server.ts'

/** An authorization server, four APIs that trust it, callers, weather, and a page to watch and steer it all. */
export interface Lab {
  /** Of the page. */
  readonly url: string
  readonly parts: Parts
  readonly controls: Controls
  readonly state: LabState
  /** Takes a frame now, beside those that are taken every second. */
  frame(): Frame
  /** Hears of every frame, from now on. @returns Ends it. */
  watch(watcher: (frame: Frame) => void): () => void
  /** Plays a scenario. Resolves with its frames when it is over. */
  play(name: ScenarioName): Promise<Recording>
  close(): Promise<void>
}

/** @throws {Error} when the port is taken (`EADDRINUSE`), or not ours to take (`EACCES`). */
export async function startLab({
  port = 0,
  speed = 1,
  load = {},
  seed = 1,
  interval = 1_000,
}: LabOptions = {}): Promise<Lab> {
  const started = performance.now()
  const now = (): number => performance.now() - started
  const run = randomUUID().slice(0, 8)
  const terms = termsAt(speed)
  const journal = new Journal(now)
  const parts = await startParts(terms, journal)
  const generator = createLoadGenerator(parts.server, parts.callers, seed)
  const camera = new Camera(parts, generator, journal, now)
  const usualLoad = { ...DEFAULT_LOAD, ...load }
  let over: (() => void) | undefined

  const controls = new Controls({
    ...parts,
    generator,
    journal,
    usualLoad,
    speed,
    onScenario(is) {
      if (is === 'begun') return camera.recorder.begin()
      camera.recorder.end()
      over?.()
    },
  })
  const state = (): LabState => stateOf({ run, controls, variants: parts.variants, terms, speed, interval, camera })
  const frame = (): Frame => camera.take(controls)
  const recording = (): Recording => {
    const { recorder, history } = camera
    const frames = recorder.frames.length > 0 ? recorder.frames : history.all
    return { format: 'holdfast-outage-lab/1', recordedAt: new Date().toISOString(), lab: state(), frames }
  }
  const events = new EventStream(camera, state)
  const page = await startPageServer({ controls, events, state, recording }, port).catch(async (error: unknown) => {
    events.close()
    await parts.close()
    throw error
  })
  const ticking = setInterval(frame, interval)
  generator.change(usualLoad)

  return {
    url: page.url,
    parts,
    controls,
    get state() {
      return state()
    },
    frame,
    watch: (watcher) => camera.watch(watcher),
    async play(name) {
      controls.stop()
      await new Promise<void>((resolve) => {
        over = resolve
        controls.play(name)
      })
      frame()
      return recording()
    },
    async close() {
      controls.stop()
      clearInterval(ticking)
      generator.stop()
      events.close()
      await page.close()
      await parts.close()
    },
  }
}
