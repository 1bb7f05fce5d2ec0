import { hash } from 'node:crypto'
import type { Subject } from '../../measure.ts'
import type { Sent } from './request.ts'

/** One-shot SHA-256 of what is sent: the yardstick of everything that is no verification. */
export function sha256(sent: Sent): Subject {
  return { name: 'sha256', run: (index) => hash('sha256', sent.token(index), 'base64url'), from: sent.token }
}
