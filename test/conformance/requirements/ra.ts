import type { Section } from '../requirement.ts'

export const RA = {} as const satisfies Section
