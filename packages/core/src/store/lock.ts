import { randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { link, open, rename, stat, unlink } from 'node:fs/promises'
import { MessageChannel } from 'node:worker_threads'
import type { Clock } from '../ports/clock.ts'
import { StoreError } from '../ports/store.ts'

/** Milliseconds that a writer waits for the others. Less than what waits for the writer. */
const PATIENCE = 1_500
/** Milliseconds between two looks, doubling to the cap. */
const LOOK = { base: 1, cap: 5 } as const
/** Milliseconds between a release and the next lock of the same process: time for whoever looks. */
const COURTESY = 15
/** Milliseconds after which a lock was left behind by a process that died: whoever lives needs a part of it. */
const LEFT_BEHIND = 5_000

/** Which lock a file is: names and file numbers are used again, with another time. */
interface Identity {
  readonly file: bigint
  readonly madeAt: bigint
}

/**
 * Runs work while nobody else does under the same path, in no process. The work gets a question: whether the lock is
 * still its own, to be asked right before what cannot be undone. A process that was stopped for seconds may have lost it.
 *
 * @throws {StoreError} `busy` when the others took too long.
 */
export type WithLock = <T>(path: string, work: (stillMine: () => Promise<boolean>) => Promise<T>) => Promise<T>

/** Locks as files: creating one is what only one of many can do. */
export function fileLocks(clock: Clock): WithLock {
  /** Monotonic milliseconds, by path. */
  const releasedAt = new Map<string, number>()
  return async (path, work) => {
    const since = clock.monotonic() - (releasedAt.get(path) ?? -Infinity)
    if (since < COURTESY) await pause(COURTESY - since, clock)
    const mine = await acquired(path, clock)
    const stillMine = async (): Promise<boolean> => same(await identityAt(path), mine)
    try {
      return await work(stillMine)
    } finally {
      if (await stillMine()) await unlink(path).catch(() => undefined)
      releasedAt.set(path, clock.monotonic())
    }
  }
}

async function acquired(path: string, clock: Clock): Promise<Identity> {
  const until = clock.monotonic() + PATIENCE
  for (let look: number = LOOK.base; ; look = Math.min(LOOK.cap, look * 2)) {
    const mine = await created(path)
    if (mine) return mine
    await breakIfLeftBehind(path, clock)
    if (clock.monotonic() + look > until) throw new StoreError('busy')
    await pause(look, clock)
  }
}

/** Creates the lock, which only one of many can. It stays empty: a full disk has room for it. */
async function created(path: string): Promise<Identity | undefined> {
  try {
    const handle = await open(path, 'wx', 0o600)
    try {
      return identityOf(await handle.stat({ bigint: true }))
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw error
  }
}

/**
 * Takes a lock away that nobody will release. Between the look and the move another process may have done the same and
 * have got the lock: then the wrong one was moved, and is put back.
 */
async function breakIfLeftBehind(path: string, clock: Clock): Promise<void> {
  const seen = await identityAt(path)
  // Either way: a wall clock that was set back must not make a lock young for hours.
  if (!seen || Math.abs(clock.wall() - Number(seen.madeAt / 1_000_000n)) < LEFT_BEHIND) return
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
    if (!same(await identityAt(aside), seen)) await link(aside, path)
  } catch {
    // Somebody else was faster. Whose lock got lost will notice before anything is written.
  }
  await unlink(aside).catch(() => undefined)
}

async function identityAt(path: string): Promise<Identity | undefined> {
  try {
    return identityOf(await stat(path, { bigint: true }))
  } catch {
    return undefined
  }
}

function identityOf({ ino, mtimeNs }: BigIntStats): Identity {
  return { file: ino, madeAt: mtimeNs }
}

function same(one: Identity | undefined, other: Identity): boolean {
  return one?.file === other.file && one.madeAt === other.madeAt
}

/** Timers keep no process alive, but what somebody is to keep does: the open port is that. */
async function pause(ms: number, clock: Clock): Promise<void> {
  const { port1 } = new MessageChannel()
  port1.ref()
  await new Promise<void>((resolve) => void clock.after(ms, resolve))
  port1.close()
}
