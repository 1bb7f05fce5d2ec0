/** The value that `percent` of a hundred do not exceed (nearest rank), to a tenth; `null` without any. */
export function percentile(ascending: readonly number[], percent: number): number | null {
  if (ascending.length === 0) return null
  const value = ascending[Math.max(0, Math.ceil((percent / 100) * ascending.length) - 1)]!
  return Math.round(value * 10) / 10
}
