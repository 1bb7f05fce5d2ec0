import type { Section } from '../requirement.ts'

export const MT = {} as const satisfies Section
