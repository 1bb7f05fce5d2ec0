import type { Section } from '../requirement.ts'

export const RM = {} as const satisfies Section
