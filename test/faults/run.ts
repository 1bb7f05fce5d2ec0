// What is done in a cell: the token ages, the weather begins, a request comes, the weather stays, the weather ends.
import type { DocumentEvent, HoldfastEvent, IntrospectionEvent } from '@holdfast/core'
import { afterEach, describe, expect, test } from 'vitest'
import { type Cell, RUN } from './cells.ts'
import { expected } from './expected.ts'
import { type Target, WEATHER } from './weather.ts'
import { type World, world } from './world.ts'

/** Milliseconds since the token was verified and the documents were loaded. */
const AGED = {
  introspection: { fresh: 10_000, 'in grace': 120_000, 'past grace': 400_000 },
  document: { fresh: 10_000, 'in grace': 900_000, 'past grace': 10_800_000 },
} as const
const SECOND = 1_000
/** Until every pause is over that an endpoint may ask for, or that failures may have grown to. */
const LONGEST_PAUSE = 31
/** From the first answer to a healthy endpoint. */
const RECOVERY = 15
/** Milliseconds of real time for a cell, which takes a few dozen where the machine has nothing else to do. */
const PATIENCE = 30_000

let here: World

/** The tests of one endpoint's cells. */
export function faultsAt(target: Target): void {
  afterEach(() => here.close())
  const ours = RUN.filter((cell) => cell.target === target)
  const weathers = WEATHER.filter((weather) => ours.some((cell) => cell.weather === weather))
  describe.each(weathers.map((weather) => [weather.name, weather] as const))('%s', (_, weather) => {
    const cells = ours.filter((cell) => cell.weather === weather)
    test.each(cells.map((cell) => [title(cell), cell] as const))('%s', (__, cell) => run(cell), PATIENCE)
  })
}

function title(cell: Cell): string {
  const { status, because } = expected(cell)
  return `${cell.age}, ${cell.kind}: ${status}, ${because}`
}

async function run(cell: Cell): Promise<void> {
  here = await world(cell)
  const token = await here.mint()
  await warm(cell, token)
  await meets(cell, token)
  await goesOn(cell, token)
  await recovers(cell, token)
}

/** Verifies the token, which loads the documents, so that they can age. */
async function warm({ age, target }: Cell, token: string): Promise<void> {
  if (target === 'introspection') await here.ready()
  if (age !== 'cold') expect(await here.ask(token)).toMatchObject({ status: 200, evidence: { source: 'live' } })
}

/** The weather comes over what has aged, and then a request. */
async function meets(cell: Cell, token: string): Promise<void> {
  const { status, reason, evidence, retryAfter, atOnce, within, sent, read, trouble } = expected(cell)
  const before = { sent: here.sent, arrived: here.arrived }
  const quiet = here.events.length
  await strikeAt(cell)

  const seen = await here.ask(token)
  expect(seen).toMatchObject({ status, reason, evidence, challenge: undefined })
  expect(seen.retryAfter ?? 0).toBeGreaterThanOrEqual(retryAfter?.least ?? 0)
  expect(seen.retryAfter ?? 0).toBeLessThanOrEqual(retryAfter?.most ?? 0)
  expect(seen.atOnce || !atOnce).toBe(true)
  expect(seen.elapsed).toBeLessThanOrEqual(within)

  await here.rest()
  expect(here.sent - before.sent).toBe(sent)
  expect(here.arrived - before.arrived).toBe(read)
  const heard = here.events.slice(quiet).flatMap((event) => (isOf(cell.target, event) ? (event.trouble ?? []) : []))
  expect([heard.at(-1), lastTrouble(cell.target)]).toEqual([trouble, trouble])
}

/** True for an event by which operators hear how a request to the struck endpoint ended. */
function isOf(target: Target, event: HoldfastEvent): event is DocumentEvent | IntrospectionEvent {
  if (event.type === 'introspection') return target === 'introspection'
  return event.type === 'document' && event.document === (target === 'discovery' ? 'metadata' : 'keys')
}

/** What the status says of the struck endpoint. */
function lastTrouble(target: Target): string | undefined {
  const { metadata, keys, introspection } = here.status
  return { discovery: metadata, 'key set': keys, introspection }[target]?.lastTrouble
}

async function strikeAt({ age, target, weather }: Cell): Promise<void> {
  if (age === 'cold') return here.strike()
  const ms = AGED[target === 'introspection' ? 'introspection' : 'document'][age]
  // What is refreshed on the way meets the weather, but for the wall clock, which jumps at the end of it.
  if (weather.wallJump === undefined) await here.strike()
  await here.jump(ms)
  if (weather.wallJump !== undefined) await here.strike()
}

/** The weather stays, and strangers come: they fare by the same rules, and the endpoint's state follows from it. */
async function goesOn(cell: Cell, token: string): Promise<void> {
  const { status } = expected({ ...cell, age: cell.target === 'introspection' ? 'cold' : cell.age })
  expect(await here.ask(await here.mint())).toMatchObject({
    status,
    evidence: status === 200 ? { source: 'live', stale: false } : undefined,
  })
  for (let stranger = 0; stranger < strangers(cell); stranger += 1) {
    expect(await here.ask(await here.mint())).toMatchObject({ status: 503, challenge: undefined })
    await here.pass(SECOND)
  }
  await here.rest()
  expect(endpoint()).toBe(expected(cell).endpoint)
  await witnessed(cell, token)
}

/** Enough of them to tell the endpoint's trouble from one token's, and an outage from an accident. */
const strangers = (cell: Cell): number => (expected(cell).endpoint === 'healthy' ? 0 : 7)

function endpoint(): string {
  const { state, misconfigured, resumesIn } = here.status.introspection ?? { state: 'healthy' }
  if (misconfigured) return 'misconfigured'
  return state !== 'down' && resumesIn !== undefined ? 'paused' : state
}

/** While the endpoint is out of reach, a known caller in grace waits for nobody; at most a probe is sent. */
async function witnessed(cell: Cell, token: string): Promise<void> {
  if (strangers(cell) === 0 || cell.age !== 'in grace') return
  const { sent } = here
  const stale = { by: 'introspection', source: 'cache', stale: true }
  expect(await here.ask(token)).toMatchObject({ status: 200, evidence: stale, atOnce: true, elapsed: 0 })
  expect(here.sent - sent).toBeLessThanOrEqual(1)
}

/** Fair weather: without a restart, and in bounded time, tokens are verified by what is current, and nothing is left. */
async function recovers(cell: Cell, token: string): Promise<void> {
  await here.recover()
  let recovered = await isWell(token)
  for (let seconds = 0; seconds < recovery(cell) && !recovered; seconds += 1) {
    await here.pass(SECOND)
    recovered = await isWell(token)
  }
  expect({ recovered, ...here.status }).toMatchObject({ recovered: true })
}

/** A request with the token, and one with a new token, which is what finds out that an endpoint is back. */
async function isWell(token: string): Promise<boolean> {
  const [known, unseen] = [await here.ask(token), await here.ask(await here.mint())]
  // Nobody is told on the way that a token is bad.
  expect([known.challenge, unseen.challenge]).toEqual([undefined, undefined])
  const { metadata, keys } = here.status
  return (
    known.evidence?.stale === false &&
    unseen.evidence?.source === 'live' &&
    endpoint() === 'healthy' &&
    [metadata, keys].every((document) => (document?.failures ?? 0) === 0)
  )
}

/** Seconds. */
function recovery(cell: Cell): number {
  return { healthy: LONGEST_PAUSE, down: RECOVERY, paused: LONGEST_PAUSE, misconfigured: 10 + RECOVERY }[
    expected(cell).endpoint
  ]
}
