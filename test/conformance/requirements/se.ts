import type { Section } from '../requirement.ts'

export const SE = {} as const satisfies Section
