import type { SuiteName } from './options.ts'
import type { Measure } from './result.ts'

/**
 * What the performance of this project has to be, each beside a figure of the same run. What the others leave out, so
 * that a ratio to them means something: `docs/peers.md`, and the lines that the micro suite prints.
 */
export interface Goal {
  /** Of the goals, as `docs/performance.md` counts them. */
  readonly line: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
  readonly suite: SuiteName
  readonly row: string
  readonly subject: string
  /** The subject of the same row to divide by. Without it the bound is on the figure itself. */
  readonly against?: string
  /** The subject of the same row that is subtracted from both first. */
  readonly over?: string
  /** The subject of the same row that is subtracted from the subject alone: what is left is what it does beside that. */
  readonly less?: string
  readonly measure: Measure
  readonly atMost?: number
  readonly atLeast?: number
  /**
   * A subject of the same row that does the same as `against`: how far it is from that is the noise floor, and the bound
   * is one less the noise floor.
   */
  readonly control?: string
  /** Only on these major versions. */
  readonly nodes?: readonly number[]
}

type Bound = Pick<Goal, 'atMost' | 'atLeast' | 'control' | 'less' | 'nodes'>

const holdfast =
  (line: Goal['line'], suite: SuiteName, measure: Measure) =>
  (row: string, against: string, bound: Bound): Goal => ({
    line,
    suite,
    row,
    subject: 'holdfast',
    against,
    measure,
    ...bound,
  })

const EO2JB = 'express-oauth2-jwt-bearer'

// 1. A token that is in the cache.
const hot = holdfast(1, 'micro', 'cpu')
const HOT_JWT = ['hot RS256', 'hot PS256', 'hot ES256', 'hot ES384', 'hot Ed25519']
const line1 = [
  ...[...HOT_JWT, 'hot opaque'].map((row) => hot(row, 'sha256', { atMost: 2.5 })),
  ...['hot RS256', 'hot opaque'].flatMap((row) => [
    hot(row, EO2JB, { atMost: 1 / 40 }),
    hot(row, 'fast-jwt cached', { atMost: 1 }),
  ]),
]

// 2. The same in a framework under load.
const inside = ['Express 5, inside, hot', 'Koa 3, inside, hot'].flatMap((row): Goal[] => {
  const timed = {
    line: 2,
    suite: 'http',
    row,
    subject: 'holdfast',
    over: 'reading the header',
    measure: 'wall',
  } as const
  return [
    { ...timed, atMost: 6, nodes: [20] },
    { ...timed, atMost: 4.5, nodes: [24] },
    { ...timed, against: 'fast-jwt cached', atMost: 0.6 },
  ]
})
const perSecond = holdfast(2, 'http', 'throughput')
const line2 = [
  ...inside,
  perSecond('Express 5, hot', EO2JB, { atLeast: 1.3, nodes: [20] }),
  perSecond('Express 5, hot', EO2JB, { atLeast: 2.2, nodes: [24] }),
  perSecond('Koa 3, hot', 'koa-jwt', { atLeast: 2.5 }),
]

// 3. A token that was never seen. None of the others refuses all that is refused here; those below choose the key by the
// header of the token, as whoever has a key set must. fast-jwt and jsonwebtoken are given the one key, and are in the
// table only.
const cold = holdfast(3, 'micro', 'cpu')
const PEERS = ['jose', 'aws-jwt-verify', 'oauth4webapi', EO2JB]
const line3 = [
  cold('cold RS256', 'raw', { atMost: 1.3 }),
  cold('cold ES256', 'raw', { atMost: 1.15 }),
  cold('cold Ed25519', 'raw', { atMost: 1.15 }),
  ...['cold RS256', 'cold ES256', 'cold Ed25519'].flatMap((row) => PEERS.map((peer) => cold(row, peer, { atMost: 1 }))),
]

// 4. 64 new tokens at once, beside the same verified on the event loop: in one process with two cores, and in a server
// with one.
const burst = (row: string, measure: Measure, bound: Bound): Goal =>
  holdfast(4, 'event-loop', measure)(row, 'synchronous', bound)
const line4 = [
  burst('burst ES384, delay', 'wall', { atMost: 0.25 }),
  ...['RS256', 'ES256'].flatMap((alg) => [
    burst(`burst ${alg}, delay`, 'wall', { atMost: 0.8 }),
    burst(`burst ${alg}, delay, in a server, one core`, 'wall', { atMost: 0.8 }),
    burst(`burst ${alg}, throughput, in a server, one core`, 'throughput', { atLeast: 1 }),
  ]),
  burst('burst RS256, throughput', 'throughput', { atLeast: 1.15 }),
  burst('burst ES256, throughput', 'throughput', { atLeast: 1.4 }),
]

// 5. What is refused.
const refused = holdfast(5, 'micro', 'cpu')
const line5 = [
  ...['wrong scheme', 'not a JWT', 'bad characters', 'unknown issuer'].map((what) =>
    refused(`refuse: ${what}`, 'sha256', { atMost: 3 }),
  ),
  refused('refuse: bad signature', 'cold good', { atMost: 1 }),
]

// 6. What an entry of the cache takes beyond its claims, and what many of them cost.
const line6: readonly Goal[] = [
  { line: 6, suite: 'scale', row: 'memory 10^6', subject: 'holdfast', measure: 'bytes', atMost: 160 },
  {
    line: 6,
    suite: 'scale',
    row: 'check at 10^3 to 10^6',
    subject: '10^6',
    against: '10^3',
    measure: 'cpu',
    atMost: 2,
  },
]

// 7. Opaque tokens whose answers are cached, and the calls that keep them so.
const asked = 'introspection 50 ms, http'
const ahead = 'introspection 50 ms, asking ahead'
const introspected = holdfast(7, 'introspection', 'throughput')
const line7: readonly Goal[] = [
  introspected(asked, 'no-op', { control: 'no-op again' }),
  introspected(asked, 'fetch', { atLeast: 4 }),
  holdfast(7, 'introspection', 'cpu')('introspection call', 'undici', { atMost: 1.25 }),
  holdfast(7, 'introspection', 'wall')(`${ahead}, p99`, 'bare', { atMost: 2 }),
  {
    line: 7,
    suite: 'introspection',
    row: `${ahead}, calls per token and minute`,
    subject: 'holdfast',
    measure: 'calls',
    atMost: 1.4,
  },
]

// 8. What counting adds to a token that is in the cache.
const counting = holdfast(8, 'micro', 'cpu')
const line8 = ['metrics, RS256', 'metrics, opaque'].map((row) =>
  counting(row, 'sha256', { less: 'no metrics', atMost: 0.2 }),
)

// 9. A DPoP proof beside a token that is in the cache.
const proved = holdfast(9, 'micro', 'cpu')
const line9 = [
  proved('DPoP ES256, known key', 'raw', { atMost: 1.3 }),
  proved('DPoP ES256, new key', 'import and raw', { atMost: 1.2 }),
  ...['DPoP ES256, known key', 'DPoP ES256, new key'].map((row) => proved(row, EO2JB, { atMost: 1 })),
]

const GOALS: readonly Goal[] = [
  ...line1,
  ...line2,
  ...line3,
  ...line4,
  ...line5,
  ...line6,
  ...line7,
  ...line8,
  ...line9,
]

/** The goals of what was asked for, and how many that leaves out. */
export function goalsFor(
  suites: readonly SuiteName[],
  only: string | undefined,
): { readonly goals: readonly Goal[]; readonly leftOut: number } {
  const goals = GOALS.filter(({ suite, row }) => suites.includes(suite) && row.includes(only ?? ''))
  return { goals, leftOut: GOALS.length - goals.length }
}
