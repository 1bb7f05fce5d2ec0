import type { Section } from '../requirement.ts'

export const JK = {} as const satisfies Section
