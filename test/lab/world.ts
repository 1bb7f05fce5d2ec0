import { setTimeout as sleep } from 'node:timers/promises'
import type { Commands, Frame, LabState, Problem, Recording, VariantName } from '../../examples/outage-lab/src/frame.ts'

export const VARIANTS: readonly VariantName[] = ['express', 'koa', 'ttl', 'none']

/** Looks at frames until one is as it should be; the laboratory lives in real time. */
export async function until<T>(look: () => T | undefined | false, what: string): Promise<T> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const seen = look()
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`never seen: ${what}`)
    await sleep(5)
  }
}

/** Posts a command as the page does. */
export async function post<Path extends keyof Commands>(
  url: string,
  path: Path,
  body: Commands[Path],
): Promise<LabState> {
  const headers = { 'content-type': 'application/json', origin: url }
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(((await response.json()) as Problem).error)
  return (await response.json()) as LabState
}

export async function recordingOf(url: string): Promise<Recording> {
  const response = await fetch(`${url}/recording`)
  return (await response.json()) as Recording
}

/** The sum of numbers that frames have in the same places; what has none, such as a state, is left out. */
export function sum(parts: readonly unknown[]): number | Record<string, unknown> {
  if (parts.every((part) => typeof part === 'number')) return parts.reduce((total, part) => total + part, 0)
  const objects = parts.filter((part): part is Record<string, unknown> => typeof part === 'object' && part !== null)
  const names = new Set(objects.flatMap((part) => Object.keys(part)))
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const values = objects.map((part) => part[name]).filter((value) => value !== undefined)
      const isCounted = values.every((value) => typeof value === 'number' || typeof value === 'object')
      return isCounted ? [[name, sum(values)]] : []
    }),
  )
}

/** Good tokens that this API called bad. */
export function wronglyRefused(frames: readonly Frame[], name: VariantName): number {
  const good = ['jwt', 'opaque', 'oneShotJwt', 'oneShotOpaque'] as const
  return frames.reduce(
    (total, { variants }) => total + good.reduce((refused, who) => refused + variants[name].outcomes[who].refused, 0),
    0,
  )
}

/** What an API refused in some frames, for whoever reads of a failure. */
export function refusals(frames: readonly Frame[], name: VariantName): string {
  const reasons = new Set(frames.flatMap(({ variants }) => Object.keys(variants[name].refused)))
  return `${name}: ${[...reasons].join(', ')}`
}
