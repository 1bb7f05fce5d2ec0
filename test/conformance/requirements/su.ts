import type { Section } from '../requirement.ts'

export const SU = {} as const satisfies Section
