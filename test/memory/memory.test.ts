import {
  createResourceServer,
  type Duration,
  inlineSignatures,
  type ResourceServer,
  unauthenticated,
} from '@holdfast/core'
import type { CacheOptions } from '../../packages/core/src/options/options.ts'
import { type TestClock, testClock } from '@holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { occupied } from './heap.ts'
import {
  AUDIENCE,
  type InstantNetwork,
  instantNetwork,
  ISSUER,
  long,
  mixed,
  mostlyForged,
  type Population,
  SECRET,
  type Subject,
} from './population.ts'

const MIB = 2 ** 20
const { stackTraceLimit } = Error

beforeAll(() => {
  Error.stackTraceLimit = 0 // hundreds of thousands of refusals, and nobody reads where they were thrown
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

interface World {
  readonly clock: TestClock
  readonly network: InstantNetwork
  readonly server: ResourceServer
  /** What both stores of verified tokens may take, as configured. All else that the server keeps has to fit in beside it. */
  readonly configured: number
  /** Octets that the server has added since before it was built. */
  readonly growth: () => Promise<number>
}

async function setUp(introspected: { entries?: number; bytes: number }): Promise<World> {
  const clock = testClock()
  const network = instantNetwork(() => clock.wall())
  const build = (cache: CacheOptions): ResourceServer =>
    createResourceServer({
      audience: AUDIENCE,
      issuers: [
        {
          issuer: ISSUER,
          jwt: { sharedSecret: SECRET },
          introspection: { client: unauthenticated(), endpoint: `${ISSUER}/introspect` },
        },
      ],
      observe: () => undefined,
      cache,
      ports: { clock, http: network, signatures: inlineSignatures },
    })
  // Code that runs for the first time is compiled, and stays.
  await present({ clock, server: build({}) }, mixed(clock.wall()), { from: 0, to: 5_000 })
  const before = await occupied()
  const server = build({ introspected, jwts: introspected })
  return { clock, network, server, configured: 2 * introspected.bytes, growth: async () => (await occupied()) - before }
}

/** Tokens that are presented before time passes, and those of them that are under way together. */
const AT_ONCE = 500
const TOGETHER = 125

/** Presents tokens `from` to `to`. Each one that is good comes back 11 s later, as from somebody who keeps it. */
async function present(
  { server, clock }: Pick<World, 'server' | 'clock'>,
  population: Population,
  { from, to }: { from: number; to: number },
): Promise<void> {
  for (let start = from; start < to; start += AT_ONCE) {
    const subjects = Array.from({ length: AT_ONCE }, (_, k) => population.subject(start + k))
    const good = subjects.filter(({ valid }) => valid)
    for (let at = 0; at < AT_ONCE; at += TOGETHER) await judge(server, subjects.slice(at, at + TOGETHER))
    await pass(clock, '11s')
    await judge(server, good)
    if (start % 10_000 === 0) await Promise.all(good.map(({ token }) => server.revoke({ token })))
  }
}

/** Every token gets what it deserves. */
async function judge(server: ResourceServer, subjects: readonly Subject[]): Promise<void> {
  const verdicts = subjects.map((subject) => isLetIn(server, subject))
  const wrong = (await all(verdicts)).filter((letIn, at) => letIn !== subjects[at]!.valid)
  expect(wrong).toEqual([])
}

function isLetIn(server: ResourceServer, { token, source }: Subject): boolean | Promise<boolean> {
  const request = { rawHeaders: ['authorization', `Bearer ${token}`], source }
  const tried = server.tryAuthenticate(request)
  if (tried) return !(tried instanceof Error)
  return server.authenticate(request).then(
    () => true,
    () => false,
  )
}

/** Some are judged at once, some are waited for. */
const all = (verdicts: readonly (boolean | Promise<boolean>)[]): Promise<boolean[]> =>
  Promise.all(verdicts.map(async (verdict) => verdict))

/** Time jumps; a turn of the event loop later all that ended has ended. */
async function pass(clock: TestClock, by: Duration): Promise<void> {
  void clock.advance(by)
  await new Promise((resolve) => setImmediate(resolve))
}

/** The servers of both sizes, and how full their stores of verified tokens get at least. */
const BYTES_BIND = { entries: 10_000_000, bytes: 12 * MIB }
const DEFAULTS = { entries: 20_000, bytes: 32 * MIB }

async function expectBounded({ server, configured, growth }: World, filled: number): Promise<void> {
  const { introspected, jwts, negative } = server.status().caches
  expect(introspected.bytes + jwts.bytes).toBeLessThanOrEqual(configured)
  expect(Math.min(introspected.bytes, jwts.bytes)).toBeGreaterThan((filled * configured) / 2)
  expect(negative.entries).toBe(5_000)
  // Everything counts: both stores, inactive tokens, revocations, sources, the queue, and what the engine adds.
  expect(await growth()).toBeLessThan(1.5 * configured)
}

test('10^5 different tokens that only the bytes bound take no more than 1.5 times the configured bytes', async () => {
  const world = await setUp(BYTES_BIND)
  await present(world, mixed(world.clock.wall()), { from: 0, to: 100_000 })
  await expectBounded(world, 0.95)
}, 300_000)

/** The first number of the tokens that are as long as can be. */
const LONG = 1_000_500

test('10^5 and 10^6 different tokens take no more than 1.5 times the default bytes', async () => {
  const world = await setUp(DEFAULTS)
  const { clock, server, network } = world
  await present(world, mixed(clock.wall()), { from: 0, to: 100_000 })
  await expectBounded(world, 0.8)
  for (let n = 0; n < 10_000; n += 1) await server.revoke({ issuer: ISSUER, sub: `nobody-${n}` })
  await present(world, mostlyForged(clock.wall()), { from: 100_000, to: 1_000_000 })
  await expectBounded(world, 0.8)

  // On top of it a server that does not answer, and a queue full of the longest tokens that are taken.
  await present(world, long(true), { from: LONG, to: LONG + 1_500 })
  await pass(clock, '10m')
  network.answering = false
  const waiting = [long(true), long(false)].flatMap(({ subject }) =>
    Array.from({ length: 1_500 }, (_, k) => isLetIn(server, subject(LONG + k))),
  )
  await pass(clock, '0s')
  const { queued, inFlight } = server.status().issuers[0]!.introspection!
  expect([queued.blocked, queued.quiet + queued.busy]).toEqual([1_000, 256])
  expect(inFlight).toBeGreaterThan(9)
  await expectBounded(world, 0.8)
  await clock.advance('5s')
  expect(new Set(await all(waiting))).toEqual(new Set([false]))
}, 900_000)
