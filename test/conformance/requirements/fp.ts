import type { Section } from '../requirement.ts'

export const FP = {
  'FP-01': ['MUST', 'FAPI 2.0 §5.3.4', 'configuration', 'The profile wants bound tokens, in the header alone.'],
  'FP-02': ['MUST', 'FAPI 2.0 §5.3.4', 'request', 'No token is taken from a query.'],
  'FP-03': [
    'MUST',
    'FAPI 2.0 §5.3.4',
    'configuration',
    'The profile wants a way to learn of revocations, or an explicit waiver.',
  ],
  'FP-04': ['MUST', 'FAPI 2.0 §5.3.4', 'request', 'Insufficient authorization is told as RFC 6750 tells it.'],
  'FP-05': ['MUST', 'FAPI 2.0 §5.4.1', 'configuration', 'Algorithms are PS256, ES256 and Ed25519.'],
  'FP-06': ['MUST', 'FAPI 2.0 §5.4.1', 'network', 'Keys have the sizes that the profile asks for.'],
  'FP-07': ['MUST', 'FAPI 2.0 §5.2.1', 'network', 'TLS 1.2 or later is used everywhere, certificates checked.'],
  'FP-08': ['SHOULD', 'FAPI 2.0 §5.4.2', 'request', 'Tokens that carry keys or point at them are refused.'],
  'FP-09': ['MUST', 'FAPI 2.0 §5.4.3', 'network', 'Keys that share a kid are told apart by their other members.'],
  'FP-10': ['SHOULD', 'FAPI 2.0 §6.2', 'configuration', 'The profile turns on the memory of proofs.'],
  'FP-11': [
    'CHOICE',
    'FAPI 2.0 §6.3',
    'documentation',
    'Issuers have keys of their own, and the documentation says why.',
  ],
  'FP-12': ['CHOICE', 'RFC 9421', 'documentation', 'HTTP message signatures are no part of the profile.'],
} as const satisfies Section
