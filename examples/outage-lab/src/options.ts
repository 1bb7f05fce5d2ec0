import type { Load } from './frame.ts'

export interface LabOptions {
  /** Of the page. Default: any that is free. */
  readonly port?: number
  /** How many times faster than written scenarios run and evidence ages. Default 1. */
  readonly speed?: number
  /** What is sent at first, and at the beginning of each scenario. Default: 40 requests per second to each API. */
  readonly load?: Partial<Load>
  /** Of chance: who sends what, and when. Default 1. */
  readonly seed?: number
  /** Milliseconds between two frames. Default 1,000. */
  readonly interval?: number
}
