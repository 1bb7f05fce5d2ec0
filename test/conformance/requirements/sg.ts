import type { Section } from '../requirement.ts'

export const SG = {} as const satisfies Section
