import type { Section } from '../requirement.ts'

export const DP = {} as const satisfies Section
