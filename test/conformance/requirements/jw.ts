import type { Section } from '../requirement.ts'

export const JW = {} as const satisfies Section
