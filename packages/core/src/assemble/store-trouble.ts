import type { StoreErrorKind } from '../ports/store.ts'
import type { Telemetry } from '../telemetry.ts'

const REFUSED =
  'the store has something that does not open: it was changed, or its key is not known here. Write the key it was sealed with into "previousKeys"; if there is none any more, remove the file, and with it the revocations that it may hold'

/** Tells of a failure of the store, and, once, of one that waiting does not mend. */
export function storeTrouble(telemetry: Telemetry): (operation: 'load' | 'save', kind?: StoreErrorKind) => void {
  let said = false
  return (operation, kind) => {
    telemetry.emit({ type: 'store_failed', operation })
    if (kind !== 'refused' || said) return
    said = true
    telemetry.emit({ type: 'advice', code: 'HOLDFAST_STORE', issuer: undefined, message: REFUSED })
  }
}
