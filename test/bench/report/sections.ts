import type { Comparison } from '../check.ts'

/** A table of the page, between `<!-- bench:name -->` and `<!-- /bench -->`. */
export interface Section extends Omit<Comparison, 'row'> {
  readonly name: string
  readonly unit: Unit
  /** With the subjects that are shown, where not all are. */
  readonly rows: readonly (string | readonly [row: string, ...subjects: readonly string[]])[]
}

export type Unit = 'µs CPU' | 'µs' | 'ms' | 'per second' | 'octets' | 'calls'

const HOLDFAST = 'holdfast'
const FEW = [HOLDFAST, 'fast-jwt cached', 'express-oauth2-jwt-bearer'] as const
const ASKED = 'introspection 50 ms, http'
const ON_ONE_CORE = ['one core', 'in a server, one core'] as const

const cpu = { unit: 'µs CPU', measure: 'cpu' } as const
const perSecond = { unit: 'per second', measure: 'throughput' } as const
const millis = { unit: 'ms', measure: 'wall' } as const

const bursts = (what: string): string[] => [
  ...['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'].map((alg) => `burst ${alg}, ${what}`),
  ...['RS256', 'ES256'].flatMap((alg) => ON_ONE_CORE.map((where) => `burst ${alg}, ${what}, ${where}`)),
]

export const SECTIONS: readonly Section[] = [
  {
    name: 'hot',
    ...cpu,
    against: 'sha256',
    rows: [
      'hot RS256',
      ...['hot PS256', 'hot ES256', 'hot ES384', 'hot Ed25519', 'hot opaque'].map((row) => [row, ...FEW] as const),
    ],
  },
  {
    name: 'inside',
    unit: 'µs',
    measure: 'wall',
    against: 'fast-jwt cached',
    over: 'reading the header',
    rows: ['Express 5, inside, hot', 'Koa 3, inside, hot'].map((row) => [row, HOLDFAST, 'fast-jwt cached'] as const),
  },
  { name: 'requests', ...perSecond, against: 'no-op', rows: ['Express 5, hot', 'Koa 3, hot'] },
  {
    name: 'mixes',
    ...perSecond,
    against: 'no-op',
    rows: ['10,000 rotating', '90/10'].flatMap((mix) => [`Express 5, ${mix}`, `Koa 3, ${mix}`]),
  },
  {
    name: 'cold',
    ...cpu,
    against: 'raw',
    rows: ['cold RS256', 'cold ES256', 'cold Ed25519', 'cold PS256', 'cold ES384'],
  },
  {
    name: 'burst-delay',
    ...millis,
    against: 'synchronous',
    rows: bursts('delay'),
  },
  {
    name: 'burst-throughput',
    ...perSecond,
    against: 'synchronous',
    rows: bursts('throughput'),
  },
  {
    name: 'refused',
    ...cpu,
    against: 'sha256',
    rows: ['wrong scheme', 'not a JWT', 'bad characters', 'unknown issuer'].map((what) => `refuse: ${what}`),
  },
  { name: 'forged', ...cpu, against: 'cold good', rows: ['refuse: bad signature'] },
  {
    name: 'answers',
    ...cpu,
    against: 'sha256',
    rows: ['guard only', 'answer 401', 'answer 403', 'hot RS256, observed'],
  },
  { name: 'metrics', ...cpu, against: 'sha256', rows: ['metrics, RS256', 'metrics, opaque'] },
  { name: 'known-prover', ...cpu, against: 'raw', rows: ['DPoP ES256, known key'] },
  { name: 'new-prover', ...cpu, against: 'import and raw', rows: ['DPoP ES256, new key'] },
  {
    name: 'memory',
    unit: 'octets',
    measure: 'bytes',
    rows: [3, 4, 5, 6].map((power) => `memory 10^${power}`),
  },
  { name: 'sizes', ...cpu, against: '10^3', rows: ['check at 10^3 to 10^6'] },
  { name: 'trusted', ...cpu, against: '1', rows: ['issuers', 'keys'] },
  { name: 'asked', ...perSecond, against: 'no-op', rows: [ASKED] },
  { name: 'call', ...cpu, against: 'undici', rows: ['introspection call'] },
  { name: 'ahead', ...millis, against: 'bare', rows: ['introspection 50 ms, asking ahead, p99'] },
  {
    name: 'renewals',
    unit: 'calls',
    measure: 'calls',
    rows: ['introspection 50 ms, asking ahead, calls per token and minute'],
  },
]
