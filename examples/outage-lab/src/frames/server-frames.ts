import type { ServerFrame } from '../frame.ts'
import type { Traffic } from '../authorization-server/traffic.ts'
import { since } from './since.ts'

/** Takes frames of the authorization server. */
export function serverFrames(traffic: Readonly<Traffic>): () => ServerFrame {
  let before: Traffic | undefined

  return () => {
    const now = { ...traffic }
    const frame = { ...since(before, now), inFlight: now.inFlight }
    before = now
    return frame
  }
}
