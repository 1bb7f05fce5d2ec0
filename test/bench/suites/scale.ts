import process from 'node:process'
import { parseJsonObject } from '#core/syntax/json'
import { measure, QUICK, USUAL } from '../measure.ts'
import type { Result, Suite } from '../result.ts'
import { type CachedTokens, cachedTokens, isKnown } from './scale/cached-tokens.ts'
import { sessionOfUser } from './scale/claims.ts'
import { coldRows } from './scale/cold.ts'
import { occupied } from './scale/heap.ts'

/** Powers of ten. */
const FULL = [3, 4, 5, 6]
const SMALL = [3, 4]

/** A name for each power of ten, and what is said of all of them. */
const nameOf = (power: number): string => `10^${power}`
const CHECK = 'check at 10^3 to 10^6'

/** What a check and an entry cost when there are many of them; what a new token costs when there are many keys. */
export const run: Suite = async ({ quick, only = '', say }) => {
  const settings = quick ? QUICK : USUAL
  const results: Result[] = []
  const all = quick ? SMALL : FULL
  // A check of one size is compared with those of the others.
  const powers = CHECK.includes(only) ? all : all.filter((power) => memoryRow(power).includes(only))
  const known: CachedTokens[] = []
  if (powers.length > 0) await measureMemory(1_000) // so that what the compiler makes of it is there already
  for (const power of powers) {
    say(`scale: asking about ${nameOf(power)} tokens`)
    const { tokens, ...bytes } = await measureMemory(10 ** power)
    known.push(tokens)
    results.push(...memoryResults(memoryRow(power), bytes))
  }
  if (CHECK.includes(only)) {
    say(`scale: ${CHECK}`)
    const subjects = known.map(({ server, tokens }, index) => ({
      name: nameOf(powers[index]!),
      run: (at: number) => server.tryAuthenticate(tokens.anyRequest(at)),
      from: tokens.anyRequest,
      expect: isKnown,
    }))
    results.push(...(await measure({ name: CHECK, baseline: nameOf(powers[0]!), subjects }, settings)))
  }
  await Promise.all(known.map(({ server }) => server.close()))

  const cold = coldRows(quick ? 100 : 2_000)
  for (const row of cold.rows.filter(({ name }) => name.includes(only))) {
    say(`scale: ${row.name}`)
    results.push(...(await measure(row, settings)))
  }
  await cold.close()
  return results.filter(({ row }) => row.includes(only))
}

const memoryRow = (power: number): string => `memory ${nameOf(power)}`

/** Octets for one token. */
interface Bytes {
  readonly claims: number
  readonly beyond: number
}

/** The claims alone, as this library parses them; then entries with the same claims, without these. */
async function measureMemory(count: number): Promise<Bytes & { readonly tokens: CachedTokens }> {
  const claims: unknown[] = Array.from({ length: count })
  const before = await occupied()
  for (let n = 0; n < count; n += 1) claims[n] = parseJsonObject(sessionOfUser(n))
  const alone = (await occupied()) - before
  claims.length = 0
  const tokens = cachedTokens(count)
  const empty = await occupied()
  await tokens.fill()
  const filled = (await occupied()) - empty
  return { tokens, claims: alone / count, beyond: (filled - alone) / count }
}

function memoryResults(row: string, { claims, beyond }: Bytes): Result[] {
  const shared = {
    row,
    node: process.version,
    cpuMicros: 0,
    wallMicros: 0,
    baseline: 'claims',
    measure: 'bytes' as const,
  }
  return [
    { ...shared, subject: 'holdfast', samples: [beyond], ratio: beyond / claims },
    { ...shared, subject: 'claims', samples: [claims], ratio: 1 },
  ]
}
