import type { Section } from '../requirement.ts'

export const IN = {} as const satisfies Section
