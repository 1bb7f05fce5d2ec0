/** What framework adapters are made of: they translate, and decide nothing. */
export { createGate, createInnerGate, type Gate, type OuterGate, type Passage } from './gate.ts'
export type { ProtectArguments, ProtectOptions } from './protect-options.ts'
export { fieldsBeside, type FrameworkRequest, isGone, NodeRequest, writeAnswer } from './node.ts'
export { authOf, maybeAuthOf, seatOf, type Seat, show } from './seat.ts'
