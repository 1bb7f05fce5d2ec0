import type { HttpErrorKind } from '@holdfast/core'
import type { Chance } from '../engine/chance.ts'
import type { Endpoint, Fault } from '../world/faults.ts'

/** The weather of one phase: what becomes of requests, by endpoint, and how the server does. */
export interface Phase {
  readonly name: string
  /** The part of requests that meets a fault, and which. */
  readonly faults: Partial<Readonly<Record<Endpoint, { readonly share: number; readonly draw: () => Fault }>>>
  /** Milliseconds of work for one introspection; they stand in one queue. */
  readonly work: number
  /** Random tokens per second. */
  readonly flood: number
}

export const CLEAR: Phase = { name: 'clear', faults: {}, work: 0, flood: 0 }

type Draw = (random: Chance) => Fault

const BREAKS: readonly HttpErrorKind[] = ['dns', 'connect', 'tls', 'reset', 'protocol']
const PAUSES: readonly (string | undefined)[] = [undefined, undefined, '1', '3', '40', 'soon', '-1']
const JSON_TYPE = { 'content-type': 'application/json' }

const says = (status: number, body: string | object, headers: Readonly<Record<string, string>> = JSON_TYPE): Fault => ({
  is: 'says',
  status,
  body,
  headers,
})

function failure(code: number, random: Chance): Fault {
  const pause = random.pick(PAUSES)
  return says(code, { error: 'x' }, pause === undefined ? JSON_TYPE : { ...JSON_TYPE, 'retry-after': pause })
}

const broken: Draw = (random) => ({ is: 'broken', kind: random.pick(BREAKS) })
const staleSocket: Draw = () => ({ is: 'broken', kind: 'reset', reusedSocket: true })
const silent: Draw = () => ({ is: 'silent' })
const cut: Draw = () => ({ is: 'reset-after' })
const slow: Draw = (random) => ({ is: 'slow', by: random.exponential(700) })
const failing: Draw = (random) => failure(random.pick([500, 502, 503, 503]), random)
const throttled: Draw = (random) => failure(429, random)
const refusing: Draw = (random) =>
  random.happens(0.3) ? says(400, { error: 'invalid_client' }) : failure(random.pick([401, 403]), random)
const odd: Draw = (random) => failure(random.pick([302, 400, 404]), random)
const denying: Draw = () => ({ is: 'denies' })

/** A 200 that says nothing, however much it looks like a yes or a no. */
const lying: Draw = (random) =>
  random.pick<() => Fault>([
    () => says(200, '{}'),
    () => says(200, '[]'),
    () => says(200, 'null'),
    () => says(200, '{"active":tr'),
    () => says(200, '<!doctype html><title>Welcome</title>', { 'content-type': 'text/html' }),
    () => says(200, '{"active":true}', { 'content-type': 'text/html' }),
    () => says(200, '{"active":false}', { 'content-type': 'text/plain' }),
    () => says(200, { active: random.pick<unknown>(['true', 'false', 1, 0, null, [], {}, [true], [false]]) }),
    () => says(200, { active: true, exp: 'soon' }),
    () => says(200, { active: true, aud: 7 }),
    () => says(200, `{"active":true,"pad":"${'x'.repeat(70_000)}"}`),
  ])()

const noMetadata: Draw = (random) =>
  random.pick<() => Fault>([
    () => says(200, { issuer: 'https://as.example/', jwks_uri: 'https://evil.example/jwks' }),
    () => says(200, { issuer: 'https://evil.example', introspection_endpoint: 'https://evil.example/introspect' }),
    () => says(200, '<html>', { 'content-type': 'text/html' }),
    () => says(200, '{}'),
    () => failure(random.pick([404, 500, 503, 429]), random),
  ])()

const noKeys: Draw = (random) =>
  random.pick<() => Fault>([
    () => says(200, { keys: [] }),
    () => says(200, { keys: [{ kty: 'oct', k: 'AAAA' }] }),
    () => says(200, '{}'),
    () => says(200, { keys: 'none' }),
    () => says(200, '<html>', { 'content-type': 'text/html' }),
    () => failure(random.pick([404, 500, 503, 429]), random),
  ])()

/** What may go wrong with the introspection endpoint. */
export type Trouble =
  | 'refused'
  | 'sockets'
  | 'silent'
  | 'resets'
  | 'slow'
  | 'failing'
  | 'throttled'
  | 'misconfigured'
  | 'odd'
  | 'lies'
  | 'denials'
  | 'mixed'

const TROUBLES: Readonly<Record<Trouble, readonly Draw[]>> = {
  refused: [broken],
  sockets: [staleSocket, broken],
  silent: [silent],
  resets: [cut, broken],
  slow: [slow],
  failing: [failing],
  throttled: [throttled],
  misconfigured: [refusing],
  odd: [odd],
  lies: [lying],
  denials: [denying],
  mixed: [broken, staleSocket, silent, cut, slow, failing, throttled, refusing, odd, lying, denying],
}
export const TROUBLE_NAMES: readonly Trouble[] = Object.keys(TROUBLES) as Trouble[]
const DOCUMENTS: readonly Draw[] = [broken, silent, slow, cut]

/** Draws the next phase: clear skies about every third time. */
export function drawPhase(random: Chance, troubles: readonly Trouble[]): Phase {
  if (random.happens(0.3)) return { ...CLEAR, flood: random.happens(0.3) ? 20 : 0 }
  const one =
    (draws: readonly Draw[]): (() => Fault) =>
    () =>
      random.pick(draws)(random)
  const name = random.pick(troubles)
  const share = random.pick([0.1, 0.5, 1])
  const documents = random.happens(0.5)
  return {
    name: `${name} ${share}${documents ? ', documents too' : ''}`,
    faults: {
      introspection: { share, draw: one(TROUBLES[name]) },
      ...(documents && {
        metadata: { share, draw: one([...DOCUMENTS, noMetadata]) },
        keys: { share, draw: one([...DOCUMENTS, noKeys]) },
      }),
    },
    work: random.pick([0, 0, 5, 100, 400]),
    flood: random.pick([0, 0, 0, 20, 60]),
  }
}
