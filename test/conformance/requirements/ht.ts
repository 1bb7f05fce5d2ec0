import type { Section } from '../requirement.ts'

export const HT = {
  'HT-01': ['MUST', 'RFC 9110 §11.6.1, §15.5.2', 'request', 'Every 401 carries at least one challenge.'],
} as const satisfies Section
