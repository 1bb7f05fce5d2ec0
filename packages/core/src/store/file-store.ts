import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import { join, resolve } from 'node:path'
import { type Check, has, integer, object, optional, satisfying, satisfyingUnseen, text } from '../options/check.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import { type Store, StoreError } from '../ports/store.ts'
import { prepareFolder, readWhole, writeWhole } from './files.ts'
import { fileLocks } from './lock.ts'
import { open, seal, SEAL_BYTES } from './sealed.ts'

/** Where a file store is and what seals it. */
export interface FileStoreOptions {
  /** A folder of its own, made where it is missing. Several processes of one machine may share it. */
  readonly path: string
  /** At least 32 random octets, or their base64 or base64url text: `openssl rand -base64 32`. Seals everything written. */
  readonly key: Uint8Array | string
  /**
   * Further keys that may open what is there, for rotation. Processes that share the folder must all know a key before
   * one of them writes with it. Default: none.
   */
  readonly previousKeys?: readonly (Uint8Array | string)[]
  /** Octets of one file. A longer one is neither written nor read. Default 32 MiB. */
  readonly maxBytes?: number
  /** Default: the machine's. For tests. */
  readonly clock?: Clock
}

interface FileStoreSettings {
  readonly path: string
  readonly key: KeyObject
  readonly previousKeys: readonly KeyObject[]
  readonly maxBytes: number
  readonly clock: Clock
}

/** What HKDF needs for the full strength of AES-256. */
const KEY_BYTES = 32
const KEY_TEXT = `${KEY_BYTES} random octets or more as Uint8Array, base64 or base64url, such as from openssl rand -base64 32`
/** Octets; what the store of introspected tokens may hold in memory. */
const MAX_BYTES = 33_554_432

const key: Check<KeyObject> = (value, path) => {
  const octets = satisfyingUnseen<Buffer>((one) => octetsOf(one) !== undefined, KEY_TEXT)
  octets(value, path)
  return createSecretKey(octetsOf(value)!)
}

const keys: Check<readonly KeyObject[]> = (value, path) =>
  satisfyingUnseen<readonly unknown[]>(Array.isArray, `a list of keys`)(value, path).map((one, index) =>
    key(one, `${path}[${index}]`),
  )

const shape = object<FileStoreSettings>({
  path: text,
  key,
  previousKeys: optional(keys, []),
  maxBytes: optional(integer(65_536, 2 ** 30), MAX_BYTES),
  clock: optional(
    satisfying<Clock>(has('wall', 'monotonic', 'after'), 'an object with wall(), monotonic() and after(ms, run)'),
    systemClock,
  ),
})

/** The octets of a key, however it is written; `undefined` where they are too few or the text is neither alphabet's. */
function octetsOf(value: unknown): Buffer | undefined {
  const octets =
    value instanceof Uint8Array ? Buffer.from(value) : typeof value === 'string' ? decoded(value) : undefined
  return octets && octets.length >= KEY_BYTES ? octets : undefined
}

function decoded(value: string): Buffer | undefined {
  const octets = Buffer.from(value, 'base64') // both alphabets, with padding or without
  const spelled = value.replace(/={0,2}$/, '')
  return [octets.toString('base64').replace(/=+$/, ''), octets.toString('base64url')].includes(spelled)
    ? octets
    : undefined
}

/**
 * A {@link Store} in a folder, for one machine: a file for each name, sealed so that whoever can write the folder can
 * neither mint identities nor read them. They can remove files, and put an older one back. What does not open, whatever
 * the reason, is refused as a whole, and {@link Store.update} leaves it where it is.
 *
 * ```ts
 * store: fileStore({ path: '/var/lib/orders-api', key: process.env['STORE_KEY'] ?? '' })
 * ```
 *
 * @throws {ConfigError} for a wrong option. Whether the folder can be written shows when it is.
 */
export function fileStore(options: FileStoreOptions): Store {
  const { path, key: writing, previousKeys, maxBytes, clock } = shape(options, 'fileStore')
  const folder = resolve(path)
  const readable = [writing, ...previousKeys]
  const withLock = fileLocks(clock)
  let prepared: Promise<void> | undefined
  /** The last write under each name: those of one process never wait for its own lock. */
  const queue = new Map<string, Promise<void>>()

  const fileOf = (name: string): string => join(folder, fileNameOf(name))

  async function read(name: string): Promise<{ text: string; key: KeyObject } | undefined> {
    const sealed = await readWhole(fileOf(name), maxBytes)
    if (!sealed) return undefined
    const opened = open(name, sealed, readable)
    if (!opened) throw new StoreError('refused')
    return opened
  }

  async function replace(name: string, next: () => string | Promise<string>): Promise<void> {
    await (prepared ??= prepareFolder(folder, clock.wall()).catch((error: unknown) => {
      prepared = undefined // next time perhaps
      throw error
    }))
    const file = fileOf(name)
    await withLock(`${file}.lock`, async (stillMine) => {
      const sealed = seal(name, await next(), writing)
      if (sealed.length > maxBytes) throw new StoreError('too_large')
      await writeWhole(file, sealed, stillMine)
    })
  }

  function inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const before = queue.get(name)
    const turn = before ? before.then(work, work) : work()
    queue.set(name, turn)
    const leave = (): void => {
      if (queue.get(name) === turn) queue.delete(name)
    }
    turn.then(leave, leave)
    return turn
  }

  const update = (name: string, merge: (kept: string | undefined) => string): Promise<void> =>
    inTurn(name, () => storing(replace(name, async () => merge((await read(name))?.text))))

  return Object.freeze({
    maxBytes: maxBytes - SEAL_BYTES,
    async load(name: string) {
      const found = await storing(read(name))
      // Sealed anew, so that the old key can go. If that fails, the next start tries again.
      if (found && found.key !== writing) update(name, (kept) => kept ?? found.text).catch(() => undefined)
      return found?.text
    },
    save: (name: string, value: string) => inTurn(name, () => storing(replace(name, () => value))),
    update,
  })
}

/** A name that no file system minds: the first word for people, a digest for the rest. */
function fileNameOf(name: string): string {
  const word = /^[a-z]{1,30}/.exec(name)?.[0] ?? 'other'
  return `${word}-${createHash('sha256').update(name).digest('hex').slice(0, 32)}.sealed`
}

/** Every failure as a {@link StoreError}: messages of the file system hold paths. */
async function storing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new StoreError('io', { cause })
  }
}
