import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StoreError } from '../ports/store.ts'

/** Milliseconds after which a temporary file was left behind. */
const LEFT_BEHIND = 60_000
/** What is made beside a file while it is written: see {@link writeWhole} and the lock. */
const TEMPORARY = /\.(?:tmp|lock)\.[0-9a-f-]{36}$/

/** The octets of a regular file of at most `maxBytes`; `undefined` where there is none. @throws {StoreError} */
export async function readWhole(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let handle
  try {
    // Without waiting: a pipe in its place would otherwise hold a thread for good.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw new StoreError('refused')
    if (found.size > maxBytes) throw new StoreError('too_large')
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/**
 * Puts octets in a file's place, whole or not at all, also when the machine stops in between: they are on the disk before
 * they get the name. `mayReplace` is asked last.
 */
export async function writeWhole(path: string, octets: Uint8Array, mayReplace: () => Promise<boolean>): Promise<void> {
  const temporary = `${path}.tmp.${randomUUID()}`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(octets)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (!(await mayReplace())) throw new StoreError('busy')
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

/** The new name on the disk, where the system can say so: Windows cannot. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

/** Makes the folder where it is missing, and removes what processes that died left in it. */
export async function prepareFolder(folder: string, now: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    if (!TEMPORARY.test(name)) continue
    const path = join(folder, name)
    const madeAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => now,
    )
    if (Math.abs(now - madeAt) > LEFT_BEHIND) await unlink(path).catch(() => undefined)
  }
}
