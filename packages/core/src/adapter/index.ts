/** What framework adapters are made of: they translate, and decide nothing. */
export { createGate, createInnerGate, type Gate, type OuterGate, type Passage } from './gate.ts'
export type { ProtectArguments, ProtectOptions } from './protect-options.ts'
export { addFields, fieldsBeside, type FrameworkRequest, isGone, NodeRequest, writeAnswer } from './node.ts'
export { authOf, maybeAuthOf, seatOf, type Seat, show } from './seat.ts'

// For packages beside the adapters: how their options are read, and which status follows from a reason.
export { type Check, fail, object, optional } from '../options/check.ts'
export { CODES, REASONS } from '../errors.ts'
