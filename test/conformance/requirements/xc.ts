import type { Section } from '../requirement.ts'

export const XC = {} as const satisfies Section
