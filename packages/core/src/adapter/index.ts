/** What framework adapters are made of: they translate, and decide nothing. */
export { createGate, passGuards, type Gate, type Passage, type ProtectOptions } from './gate.ts'
export { isOver, NodeRequest, writeAnswer } from './node.ts'
export { authOf, maybeAuthOf, seatOf, sit, type Seat } from './seat.ts'
export { serverOf } from './server-of.ts'
