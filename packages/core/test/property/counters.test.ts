import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuthContext } from '../../src/context.ts'
import { AuthError } from '../../src/errors.ts'
import { fresh } from '../../src/guard/fresh.ts'
import type { Guard } from '../../src/guard/guard.ts'
import { scope } from '../../src/guard/scope.ts'
import type { HoldfastEvent } from '../../src/ports/observer.ts'
import { START } from '../support/manual-clock.ts'
import { failing, json, type Reply, status } from '../support/scripted-http.ts'
import { AUDIENCE, bearer, world } from '../support/world.ts'

type World = ReturnType<typeof world>

const ACTIVE = { active: true, aud: AUDIENCE, sub: 'somebody', client_id: 'app' }
const ANSWERS: readonly Reply[] = [
  () => json(ACTIVE),
  () => json({ active: false }),
  () => status(500),
  failing('connect'),
]
/** What a client may send; a number makes it come again. */
const TOKENS: readonly ((world: World, n: number) => string | undefined)[] = [
  (_, n) => `opaque-${n}`,
  ({ as, clock }) => as.jwt({ iat: clock.wall() / 1_000, exp: clock.wall() / 1_000 + 600 }),
  ({ as }) => as.jwt({ exp: START - 600 }),
  ({ as }) => `${as.jwt().slice(0, -6)}AAAAAA`,
  ({ as }) => as.jwt({ iss: 'https://else.example' }),
  ({ as }, n) => as.jwt({}, { kid: `unknown-${n}` }),
  () => 'no token',
  () => undefined,
]
const GUARDS: readonly Guard[] = [
  () => true,
  scope('more'),
  fresh('0s'),
  () => {
    throw new RangeError('a mistake')
  },
]

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      token: fc.integer({ min: 0, max: TOKENS.length - 1 }),
      n: fc.integer({ min: 0, max: 5 }),
      guard: fc.constantFrom(...GUARDS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('answer' as const), reply: fc.constantFrom(...ANSWERS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), n: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 300, 40_000) }) },
)

/** What a client and its handler saw: contexts, and reasons. */
async function seenBy({ server }: World, token: string | undefined, guard: Guard): Promise<readonly string[]> {
  const request = token === undefined ? { rawHeaders: [] } : bearer(token)
  const seen: string[] = []
  const keep = (found: AuthContext | AuthError): AuthContext => {
    if (found instanceof AuthError) throw found
    seen.push('accepted')
    return found
  }
  try {
    const auth = keep(server.tryAuthenticate(request) ?? (await server.authenticate(request)))
    const passed = await server.authorize(auth, guard)
    if (passed !== auth) keep(passed)
  } catch (error) {
    seen.push((error as AuthError).reason)
  }
  return seen
}

function tallyOf(all: readonly string[]): Readonly<Record<string, number>> {
  const tally: Record<string, number> = {}
  for (const one of all) tally[one] = (tally[one] ?? 0) + 1
  return tally
}

const reasonsOf = (events: readonly HoldfastEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'refused' ? [event.reason] : []))

test('whatever is sent, the counters and the events say what clients saw, each request once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const all = world({ cache: { jwts: { entries: 10 }, introspected: { entries: 10 } } })
      const { server, as, clock, events } = all
      const pending: Promise<readonly string[]>[] = []
      for (const one of steps) {
        if (one.do === 'send') pending.push(seenBy(all, TOKENS[one.token]!(all, one.n), one.guard))
        else if (one.do === 'answer') as.introspects(one.reply)
        else if (one.do === 'revoke') await server.revoke({ token: `opaque-${one.n}` })
        else await clock.advance(one.ms)
      }
      await clock.advance(20_000)
      const { accepted: seen = 0, ...refused } = tallyOf((await Promise.all(pending)).flat())
      const { counters, issuers } = server.status()
      const { live, cache, stale } = counters.accepted
      expect({ accepted: live + cache + stale, refused: counters.refused }).toEqual({ accepted: seen, refused })
      expect(tallyOf(reasonsOf(events))).toEqual(refused)
      expect(events.filter(({ type }) => type === 'verified').length).toBe(live)
      const { calls, answered, failed } = issuers[0]!.introspection!.counters
      expect(answered + failed).toBe(calls)
    }),
    { numRuns: 100 },
  )
})
