import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** Of 20 ms: longer than a write takes. */
const TRIES = 50

/** An empty folder that goes with the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-'))
  onTestFinished(() => removed(path, TRIES))
  return path
}

/**
 * A write that its server has stopped waiting for, as virtual time has passed, may be under way and make a file anew. Node
 * retries what it has begun to remove, and does not look for new files.
 */
async function removed(path: string, tries: number): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (tries === 0) throw error
    await setTimeout(20)
    await removed(path, tries - 1)
  }
}
