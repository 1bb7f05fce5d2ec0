import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { systemClock } from '../../src/ports/clock.ts'
import { StoreError } from '../../src/ports/store.ts'
import { fileStore, type FileStoreOptions } from '../../src/store/file-store.ts'
import { folder } from '../support/folder.ts'
import { ManualClock, START } from '../support/manual-clock.ts'

const KEY = Buffer.alloc(32, 'k')
const OLD = Buffer.alloc(32, 'o')

function setUp(options: Partial<FileStoreOptions> = {}) {
  const path = join(folder(), 'state')
  const store = fileStore({ path, key: KEY, ...options })
  return {
    path,
    store,
    /** Another process's store on the same folder. */
    again: (more: Partial<FileStoreOptions> = {}) => fileStore({ path, key: KEY, ...options, ...more }),
    names: () => readdirSync(path),
    file: (word: string) =>
      join(
        path,
        readdirSync(path).find((name) => name.startsWith(word) && name.endsWith('d'))!,
      ),
  }
}

/** The kind of the failure, with all that its text tells where that is more, or that there was none. */
async function kindOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const told = [error.message, JSON.stringify(error)]
    return told.join() === [error.kind, JSON.stringify({ name: 'StoreError', kind: error.kind })].join()
      ? error.kind
      : told.join()
  }
}

/** Makes a file as old as one that a dead process left behind. */
function age(path: string, seconds: number): void {
  const then = Date.now() / 1_000 - seconds
  utimesSync(path, then, then)
}

describe('keeping', () => {
  test('what was saved is loaded by the next process, each name for itself', async () => {
    const { store, again } = setUp()
    await store.save('keys https://a.example', 'a')
    await store.save('keys https://b.example', 'b')
    await store.save('keys https://a.example', 'a, newer')
    const next = again()
    expect(await next.load('keys https://a.example')).toBe('a, newer')
    expect(await next.load('keys https://b.example')).toBe('b')
    expect(await next.load('keys https://c.example')).toBeUndefined()
  })

  test('the folder and its files are for their owner only, and show neither names nor values', async () => {
    const { store, path, file } = setUp()
    await store.save('keys https://login.example.com', 'the-value')
    expect([statSync(path).mode & 0o777, statSync(file('keys')).mode & 0o777]).toEqual([0o700, 0o600])
    expect(file('keys')).not.toContain('login')
    expect(readFileSync(file('keys')).includes('the-value')).toBe(false)
  })

  test('nothing but the files is left, and nothing is made before something is saved', async () => {
    const { store, path, names } = setUp()
    expect([await store.load('keys'), existsSync(path)]).toEqual([undefined, false])
    await Promise.all([store.save('keys', '1'), store.save('keys', '2'), store.save('metadata', '3')])
    expect(names().map((name) => name.replace(/-[0-9a-f]{32}\.sealed$/, ''))).toEqual(['keys', 'metadata'])
    expect(await store.load('keys')).toBe('2')
  })

  test('a name may be anything', async () => {
    const { store, path, names } = setUp()
    const odd = ['', '../../etc/passwd', 'a/b', 'x'.repeat(5_000), 'ü\0']
    for (const name of odd) await store.save(name, `of ${name}`)
    for (const name of odd) expect(await store.load(name)).toBe(`of ${name}`)
    expect([names().length, readdirSync(join(path, '..')).length]).toEqual([odd.length, 1])
  })
})

describe('what cannot be believed', () => {
  test('a changed, shortened, lengthened, empty or foreign file is refused, and update leaves it', async () => {
    const { store, file } = setUp()
    await store.save('revocations', 'all of them')
    const good = readFileSync(file('revocations'))
    const changed = Buffer.from(good)
    changed[60]! ^= 1
    const bad = [changed, good.subarray(0, 60), good.subarray(0, 3), Buffer.alloc(0), Buffer.concat([good, good])]
    for (const octets of [...bad, Buffer.from('{"complete":true,"tombstones":[],"marks":[]}')]) {
      writeFileSync(file('revocations'), octets)
      expect(await kindOf(store.load('revocations'))).toBe('refused')
      expect(await kindOf(store.update!('revocations', () => 'none of them'))).toBe('refused')
      expect(readFileSync(file('revocations')).equals(octets)).toBe(true)
    }
    writeFileSync(file('revocations'), good)
    expect(await store.load('revocations')).toBe('all of them')
  })

  test("one name's file under another name is refused", async () => {
    const { store, file } = setUp()
    await store.save('keys https://mine.example', 'mine')
    await store.save('metadata', 'other')
    writeFileSync(file('metadata'), readFileSync(file('keys')))
    expect(await kindOf(store.load('metadata'))).toBe('refused')
  })

  test('a file of another key is refused', async () => {
    const { store, again } = setUp()
    await store.save('keys', 'x')
    expect(await kindOf(again({ key: OLD }).load('keys'))).toBe('refused')
  })

  test('a file torn by a crash of the machine is refused', async () => {
    const { store, file } = setUp()
    await store.save('keys', 'x'.repeat(10_000))
    truncateSync(file('keys'), 4_096)
    expect(await kindOf(store.load('keys'))).toBe('refused')
  })

  test('a larger file than allowed is not read, and none is written', async () => {
    const { store, file } = setUp({ maxBytes: 65_536 })
    await store.save('keys', 'x'.repeat(store.maxBytes!))
    expect(await kindOf(store.save('keys', 'x'.repeat(store.maxBytes! + 1)))).toBe('too_large')
    expect((await store.load('keys'))!.length).toBe(store.maxBytes)
    writeFileSync(file('keys'), Buffer.alloc(65_537))
    expect(await kindOf(store.load('keys'))).toBe('too_large')
  })

  test('a folder or a pipe in place of the file holds nobody up', async () => {
    const { store, file } = setUp()
    await store.save('keys', 'x')
    const path = file('keys')
    rmSync(path)
    mkdirSync(path)
    expect(await kindOf(store.load('keys'))).not.toBe('none')
    rmSync(path, { recursive: true })
    execFileSync('mkfifo', [path])
    expect(await kindOf(store.load('keys'))).toBe('refused')
  })
})

describe('rotation', () => {
  test('a previous key opens, and what it opened is sealed anew with the key', async () => {
    const { store, again } = setUp({ key: OLD })
    await store.save('keys', 'x')
    await store.save('revocations', 'y')
    const during = again({ key: KEY, previousKeys: [OLD] })
    expect(await during.load('keys')).toBe('x')
    await during.update!('keys', (kept) => kept!) // behind the sealing in the queue
    const after = again({ key: KEY, previousKeys: [] })
    expect([await after.load('keys'), await kindOf(after.load('revocations'))]).toEqual(['x', 'refused'])
  })

  test('writing uses the key, whatever opened it', async () => {
    const { store, again } = setUp({ key: OLD })
    await store.save('keys', 'x')
    await again({ key: KEY, previousKeys: [OLD] }).update!('keys', (kept) => `${kept}y`)
    expect([await again({ key: KEY }).load('keys'), await kindOf(store.load('keys'))]).toEqual(['xy', 'refused'])
  })

  test('a key may be octets, base64 or base64url', async () => {
    const octets = Buffer.alloc(33, 0xfb)
    const { again } = setUp()
    await again({ key: octets }).save('keys', 'x')
    const spellings = [new Uint8Array(octets), octets.toString('base64'), octets.toString('base64url')]
    for (const key of spellings) expect(await again({ key }).load('keys')).toBe('x')
  })
})

const add =
  (one: string) =>
  (kept: string | undefined): string =>
    `${kept ?? ''}${one};`

describe('two processes', () => {
  test('no update is lost', async () => {
    const { store, again } = setUp()
    const other = again()
    const each = Array.from({ length: 50 }, (_, index) => index)
    await Promise.all(
      each.flatMap((index) => [store.update!('list', add(`a${index}`)), other.update!('list', add(`b${index}`))]),
    )
    const kept = (await store.load('list'))!.split(';').slice(0, -1)
    expect(kept.toSorted()).toEqual(each.flatMap((index) => [`a${index}`, `b${index}`]).toSorted())
  })

  test('a merge that throws changes nothing and lets the next one through', async () => {
    const { store } = setUp()
    await store.save('list', 'x')
    const failing = store.update!('list', () => {
      throw new Error('no')
    })
    expect([await kindOf(failing), await store.load('list')]).toEqual(['io', 'x'])
    await store.update!('list', (kept) => `${kept}y`)
    expect(await store.load('list')).toBe('xy')
  })

  test('a lock that is held is waited for, not for ever, and not broken', async () => {
    const clock = new ManualClock()
    const { store, path, file } = setUp({ clock })
    await store.save('list', 'x')
    const lock = `${file('list')}.lock`
    closeSync(openSync(lock, 'wx'))
    utimesSync(lock, START, START)
    const seen: { kind?: string } = {}
    void kindOf(store.save('list', 'y')).then((kind) => (seen.kind = kind))
    while (seen.kind === undefined) await clock.advance(clock.nextIn ?? 0)
    expect(seen.kind).toBe('busy')
    expect([await store.load('list'), existsSync(lock), readdirSync(path).length]).toEqual(['x', true, 2])
    rmSync(lock)
    await store.save('list', 'y')
    expect(await store.load('list')).toBe('y')
  })

  test.each([6, -6, 3_600, -3_600])(
    'a lock left behind %d s ago by the wall clock is broken, once',
    async (seconds) => {
      const { store, again, file, names } = setUp()
      await store.save('list', '')
      const lock = `${file('list')}.lock`
      closeSync(openSync(lock, 'wx'))
      age(lock, seconds)
      const stores = [store, again(), again(), again()]
      await Promise.all(stores.map((one, index) => one.update!('list', (kept) => `${kept}${index}`)))
      expect(Array.from((await store.load('list'))!).toSorted()).toEqual(['0', '1', '2', '3'])
      expect(names().length).toBe(1)
    },
  )

  test('who lost the lock while stopped writes nothing, and leaves the lock of another', async () => {
    const { store, file } = setUp()
    await store.save('list', 'x')
    const lock = `${file('list')}.lock`
    const work = store.update!('list', (kept) => {
      renameSync(lock, `${lock}.moved`) // as a breaker does, before it takes the lock for itself
      closeSync(openSync(lock, 'wx'))
      return `${kept}y`
    })
    expect([await kindOf(work), await store.load('list'), existsSync(lock)]).toEqual(['busy', 'x', true])
  })
})

describe('a file system that fails', () => {
  test('a path below a file is a failure of every operation', async () => {
    const { path } = setUp()
    writeFileSync(path, '')
    const store = fileStore({ path: join(path, 'below'), key: KEY })
    const work = [store.load('keys'), store.save('keys', 'x'), store.update!('keys', () => 'x')]
    expect(await Promise.all(work.map(kindOf))).toEqual(['io', 'io', 'io'])
  })

  test('a folder that can be made later is used then', async () => {
    const { path, store } = setUp()
    writeFileSync(path, '')
    expect(await kindOf(store.save('keys', 'x'))).toBe('io')
    rmSync(path)
    await store.save('keys', 'x')
    expect(await store.load('keys')).toBe('x')
  })

  test('what dead processes left is removed, what living ones have made is not', async () => {
    const { store, again, path, file, names } = setUp()
    await store.save('keys', 'x')
    const id = '00000000-0000-4000-8000-000000000000'
    const left = [`${file('keys')}.tmp.${id}`, `${file('keys')}.lock.${id}`, join(path, 'notes.txt')]
    for (const one of left) writeFileSync(one, 'x')
    for (const one of left) age(one, 61)
    const young = `${file('keys')}.tmp.${id.replaceAll('0', '1')}`
    writeFileSync(young, 'x')
    await again().save('keys', 'y')
    expect(names().toSorted()).toEqual(
      [file('keys'), young, left[2]!].map((one) => one.slice(path.length + 1)).toSorted(),
    )
    expect(await store.load('keys')).toBe('y')
  })
})

describe('options', () => {
  const good = { path: '/nowhere', key: KEY }
  const SECRET = 'hunter2-is-no-key'

  test.each([
    ['option "fileStore.path" is missing', {}],
    ['option "fileStore.key" is missing; write 32 random octets', { path: '/nowhere' }],
    ['option "fileStore.path" is 7', { ...good, path: 7 }],
    ['option "fileStore.key" is a text; write 32 random octets', { ...good, key: SECRET }],
    ['option "fileStore.key" is an object; write 32 random octets', { ...good, key: Buffer.alloc(31) }],
    ['option "fileStore.key" is a text', { ...good, key: `${KEY.toString('base64')}!` }],
    ['option "fileStore.previousKeys" is a text; write a list of keys', { ...good, previousKeys: SECRET }],
    ['option "fileStore.previousKeys[1]" is a text', { ...good, previousKeys: [KEY, SECRET] }],
    ['option "fileStore.maxBytes" is 1; write a whole number from 65536 to 1073741824', { ...good, maxBytes: 1 }],
    ['option "fileStore.clock"', { ...good, clock: {} }],
    ['unknown option "fileStore.secret"', { ...good, secret: SECRET }],
  ])('%s', (message, options) => {
    const build = (): unknown => fileStore(options as unknown as FileStoreOptions)
    expect(build).toThrow(ConfigError)
    expect(build).toThrow(message)
    expect(build).not.toThrow(SECRET)
  })

  test('the store shows no key', () => {
    const store = fileStore({ ...good, clock: systemClock })
    expect([Object.keys(store).toSorted(), Object.isFrozen(store)]).toEqual([
      ['load', 'maxBytes', 'save', 'update'],
      true,
    ])
  })
})
