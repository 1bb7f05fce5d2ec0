import type { World } from './world.ts'

/** A sentence about adapters, and how to see whether it is true of one. */
export interface Case {
  readonly name: string
  readonly work: (world: World) => Promise<void>
}
