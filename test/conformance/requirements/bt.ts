import type { Section } from '../requirement.ts'

export const BT = {} as const satisfies Section
