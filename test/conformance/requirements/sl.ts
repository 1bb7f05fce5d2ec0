import type { Section } from '../requirement.ts'

export const SL = {} as const satisfies Section
