/** A mean over seeds with its 95 % interval. */
export interface Estimate {
  readonly mean: number
  /** Half the width of the interval; 0 for a single seed, which has none. */
  readonly margin: number
}

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Beyond the table: exact to a thousandth. */
const t95 = (freedom: number): number => T95[freedom - 1] ?? 1.96 + 2.5 / freedom

export function estimate(values: readonly number[]): Estimate {
  const count = values.length
  if (count === 0) return { mean: 0, margin: 0 }
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  if (count === 1) return { mean, margin: 0 }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  return { mean, margin: t95(count - 1) * Math.sqrt(variance / count) }
}
