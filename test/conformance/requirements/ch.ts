import type { Section } from '../requirement.ts'

export const CH = {} as const satisfies Section
