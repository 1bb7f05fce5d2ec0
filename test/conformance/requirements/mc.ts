import type { Section } from '../requirement.ts'

export const MC = {} as const satisfies Section
