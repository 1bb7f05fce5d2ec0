import { RuleBroken } from './rules.ts'
import type { SmallWorld } from './run.ts'
import { CLEAR } from './weather.ts'
import type { Workload } from './workload.ts'

/**
 * Milliseconds within which everything is as before: a pause of 30 s that was asked for at last, a probe, a slow start;
 * and for keys the minute after which an empty set must be confirmed.
 */
const WITHIN = { introspection: 50_000, keys: 75_000 } as const
/** Milliseconds between two requests while the weather is clear: first, and at last. */
const TRICKLE = { first: 2_000, last: 500, lasts: 10_000 } as const
/** Sessions that are asked at the end, one after another. */
const ASKED_LAST = 8
/** Calls after which an endpoint knows that all is well. */
const ENOUGH_CALLS = 3
/** Milliseconds by which each of them is decided. */
const DECIDED = 300
/** Milliseconds after the last request by which nothing goes on any more. */
const QUIET = 5_000

/** Clears the weather and demands what must be true some time later; then that a closed server does nothing more. */
export async function recovery(world: SmallWorld, workload: Workload): Promise<void> {
  const { settings, scheduler, truth, wire, kept, trace } = world
  workload.calm()
  wire.phase = CLEAR
  kept.healed = true
  trace.add(scheduler.monotonic(), 'weather', 0, 0, 'clear for good')
  const before = callsOf(world)
  const end = scheduler.monotonic() + (settings.mode === undefined ? WITHIN.introspection : WITHIN.keys)
  while (scheduler.monotonic() < end) {
    workload.ask(workload.anyone())
    const last = end - scheduler.monotonic() <= TRICKLE.lasts
    await world.run(scheduler.monotonic() + (last ? TRICKLE.last : TRICKLE.first))
  }

  const { server, known } = world.instance
  for (const session of workload.sessions.slice(0, ASKED_LAST)) {
    if (!truth.isActive(session.token)) workload.renew(session)
    const { token } = session
    // An order stands, whoever gave it; a key that left its set is gone.
    const standing = !known.revoked.has(token) && !known.isMarked(token)
    const signed = token.shape === 'opaque' || JSON.stringify(truth.keys.set()).includes(`"${token.kid}"`)
    if (!standing || !signed) continue
    let how = 'undecided'
    world.instance.ask(token, { source: session.source, decided: (outcome) => void (how = outcome) })
    await world.run(scheduler.monotonic() + DECIDED)
    if (how !== 'live' && how !== 'cache') throw new RuleBroken('recovery', `token ${token.number}: ${how}`)
  }
  const { state, misconfigured } = server.status().issuers[0]!.introspection!
  // An endpoint that nobody needs, as where every token is a JWT, finds out nothing.
  const asked = callsOf(world) - before >= ENOUGH_CALLS
  if (asked && (state !== 'healthy' || misconfigured)) throw new RuleBroken('recovery', `the endpoint is ${state}`)
  await ending(world)
}

function callsOf({ instance }: SmallWorld): number {
  return instance.server.status().issuers[0]!.introspection!.counters.calls
}

async function ending({ instance, scheduler, run }: SmallWorld): Promise<void> {
  await run(scheduler.monotonic() + QUIET)
  const open = instance.known.open.size
  if (instance.waiting > 0 || open > 0)
    throw new RuleBroken('closed', `${instance.waiting} wait, ${open} calls in flight`)
  const closing = instance.close()
  instance.closed()
  await run(scheduler.monotonic() + QUIET)
  await closing
  if (instance.timers > 0) throw new RuleBroken('closed', `${instance.timers} timers are left`)
}
