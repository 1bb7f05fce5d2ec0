import type { Chance } from './chance.ts'
import type { Bearer } from './population.ts'

const OCTETS = 32
/** Addresses that the flood comes from. */
const FLOODERS = 64

/** A token that no server ever issued. */
export function madeUp(chance: Chance): Bearer {
  const octets = Uint8Array.from({ length: OCTETS }, () => chance() * 256)
  const address = `203.0.113.${Math.floor(chance() * FLOODERS)}`
  return { token: Buffer.from(octets).toString('base64url'), sender: 'madeUp', address, isRevoked: () => false }
}
