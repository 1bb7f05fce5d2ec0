import type { Section } from '../requirement.ts'

export const WY = {} as const satisfies Section
