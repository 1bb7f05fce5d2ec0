import type { Sample } from '../world/world.ts'

/** Fresh and grace of every policy in the table, in milliseconds. */
const OLDEST = 360_000

/** Which rule a decision breaks, in words; `undefined` where it breaks none. */
export function violation({ replica, token, decision }: Sample, now: number): string | undefined {
  if (decision.outcome !== 'accepted') return undefined
  const bit = 1 << replica
  const where = `at ${(now / 1_000).toFixed(3)} s, token ${token?.number ?? 'none'}`
  if (!token) return `${where}: accepted what is no token`
  if ((token.knownTo & bit) === 0) return `${where}: accepted a token that was never verified`
  if ((token.deniedTo & bit) !== 0) return `${where}: accepted a token after it was called inactive`
  if (now >= token.expiresAt) return `${where}: accepted an expired token`
  if (decision.age > OLDEST) return `${where}: accepted on evidence ${decision.age / 1_000} s old`
  return undefined
}
