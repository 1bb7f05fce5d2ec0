import type { Section } from '../requirement.ts'

export const CO = {} as const satisfies Section
