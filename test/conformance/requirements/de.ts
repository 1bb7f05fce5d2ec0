import type { Section } from '../requirement.ts'

export const DE = {} as const satisfies Section
