import type { Section } from '../requirement.ts'

export const NG = {} as const satisfies Section
