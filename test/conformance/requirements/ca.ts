import type { Section } from '../requirement.ts'

export const CA = {} as const satisfies Section
