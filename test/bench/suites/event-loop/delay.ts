import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import type { Burst } from './messages.ts'

/** Milliseconds; a timer that is not late fires after so many, and that is in every figure. */
const RESOLUTION = 1

/** Ends a measurement, told how many verifications there were. */
export type Ending = (count: number) => Promise<Burst>

/** Begins to measure the delay of this event loop. */
export async function measuring(): Promise<Ending> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  await new Promise((resolve) => setTimeout(resolve, 5)) // its first interval began before there was anything to do
  delay.reset()
  const cpu = process.cpuUsage()
  const start = performance.now()
  return async (count) => {
    const millis = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    await new Promise((resolve) => setTimeout(resolve, RESOLUTION)) // its timer is still late from the last burst
    delay.disable()
    return {
      p50Millis: delay.percentile(50) / 1e6,
      p99Millis: delay.percentile(99) / 1e6,
      cpuMicros: (user + system) / count,
      wallMicros: (millis * 1_000) / count,
    }
  }
}
