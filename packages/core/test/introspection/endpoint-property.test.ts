import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { IntrospectionEndpoint } from '../../src/introspection/endpoint.ts'
import type { Inquiry } from '../../src/introspection/inquiry.ts'
import { type Answer, Trouble, type TroubleKind } from '../../src/introspection/introspector.ts'
import type { Urgency } from '../../src/resilience/admission-queue.ts'
import { chance } from '../support/chance.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'

const BOUNDS = { inFlight: 4, waiting: { known: 5, new: 3 }, slow: { never: 250, always: 1_000 } }
const ANSWERS: readonly Answer[] = [{ is: 'active', claims: { active: true }, freshFor: undefined }, { is: 'inactive' }]
const KINDS: readonly TroubleKind[] = [
  'misconfigured',
  'throttled',
  'server_error',
  'malformed',
  'timeout',
  'connect',
  'reset',
  'no_endpoint',
  'keys_unavailable',
]

const urgency: fc.Arbitrary<Urgency> = fc.oneof(
  fc.constant<Urgency>({ is: 'blocked' }),
  fc.double({ min: 0, max: 1, noNaN: true }).map((left): Urgency => ({ is: 'grace', left })),
  fc.constantFrom('s', 't', undefined).map((source): Urgency => ({ is: 'new', source })),
)
const kind = fc.constantFrom(...KINDS)
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('use' as const), token: fc.integer({ min: 0, max: 12 }), urgency }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const), with: fc.constantFrom(...ANSWERS) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('fail' as const), kind, pause: fc.constantFrom(0, 0, 0, 3_000, 30_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(10, 50, 300, 2_000, 11_000) }),
  },
)

interface Call {
  readonly token: string
  readonly answer: (answer: Answer) => void
  readonly fail: (trouble: Trouble) => void
}

/** An endpoint, and what must hold of every call that it makes. */
function setUp() {
  const clock = new ManualClock()
  const flying: Call[] = []
  const open = new Map<string, Inquiry>()
  const wrong: string[] = []
  let rejectedAt = -Infinity
  const endpoint: IntrospectionEndpoint = new IntrospectionEndpoint(
    {
      introspect: ({ token }) => {
        const { state, misconfigured, inFlight } = endpoint.status
        const alone = flying.length === 0
        if (flying.some((call) => call.token === token)) wrong.push('two calls for one token')
        if (inFlight > BOUNDS.inFlight) wrong.push('more calls than configured')
        if (state === 'down' && !alone) wrong.push('two probes')
        if (misconfigured && !alone) wrong.push('two calls while rejected')
        if (misconfigured && clock.monotonic() - rejectedAt < 10_000) wrong.push('two calls within 10 s while rejected')
        return new Promise<Answer>((answer, fail) => flying.push({ token, answer, fail }))
      },
    },
    BOUNDS,
    { clock, random: chance(0.5), report: () => undefined, oneSource: () => undefined },
  )
  return {
    clock,
    endpoint,
    flying,
    open,
    wrong,
    /** As the calls of a verifier do: one inquiry for each token. */
    use: (token: string, how: Urgency): void => {
      const want = { urgency: how, deadline: clock.monotonic() + (how.is === 'grace' ? 60_000 : 1_000) }
      const running = open.get(token)
      if (running) return endpoint.press(running, want)
      const inquiry = endpoint.inquire(token, token, want)
      open.set(token, inquiry)
      const end = (): void => void open.delete(token)
      inquiry.answer.then(end, end)
    },
    fail: (trouble: Trouble): void => {
      const call = flying.shift()
      if (!call) return
      call.fail(trouble)
      if (endpoint.status.misconfigured || trouble.kind === 'misconfigured') rejectedAt = clock.monotonic()
    },
  }
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function take(all: ReturnType<typeof setUp>, one: Step): Promise<void> {
  if (one.do === 'use') all.use(`t${one.token}`, one.urgency)
  else if (one.do === 'answer') all.flying.shift()?.answer(one.with)
  else if (one.do === 'fail') all.fail(new Trouble(one.kind, { pause: one.pause }))
  else await all.clock.advance(one.ms)
  await settled()
}

test('whatever happens, no call is one too many, and nobody is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const all = setUp()
      const { clock, endpoint, flying, open } = all
      for (const one of steps) {
        await take(all, one)
        const { queued, inFlight } = endpoint.status
        expect(inFlight).toBe(flying.length)
        expect(queued.blocked + queued.grace).toBeLessThanOrEqual(BOUNDS.waiting.known)
        expect(queued.quiet + queued.busy).toBeLessThanOrEqual(BOUNDS.waiting.new)
        expect(all.wrong).toEqual([])
      }
      // Once the endpoint answers, everybody who was in the queue, in flight or before a second try hears something.
      for (let turn = 0; turn < 100 && open.size > 0; turn += 1) {
        for (const call of flying.splice(0)) call.answer(ANSWERS[0]!)
        await clock.advance(5_000)
      }
      await clock.advance(60_000) // a pause that nobody waits for any more ends, too
      expect([open.size, clock.timers, all.wrong]).toEqual([0, 0, []])
    }),
    { numRuns: 150 },
  )
}, 60_000)

test('whenever it is closed, everybody hears so, and no timer stays', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const all = setUp()
      const { clock, endpoint, flying, open } = all
      for (const one of steps) {
        await take(all, one)
      }
      endpoint.close()
      for (const call of flying.splice(0)) call.fail(new Trouble('reset'))
      await settled()
      expect([open.size, flying.length, clock.timers]).toEqual([0, 0, 0])
    }),
    { numRuns: 100 },
  )
}, 60_000)
