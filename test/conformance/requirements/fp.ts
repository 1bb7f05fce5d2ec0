import type { Section } from '../requirement.ts'

export const FP = {} as const satisfies Section
