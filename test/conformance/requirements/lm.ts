import type { Section } from '../requirement.ts'

export const LM = {} as const satisfies Section
