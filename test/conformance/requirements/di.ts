import type { Section } from '../requirement.ts'

export const DI = {} as const satisfies Section
