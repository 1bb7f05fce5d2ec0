import type { Section } from '../requirement.ts'

export const AT = {} as const satisfies Section
