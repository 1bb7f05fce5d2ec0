import type { Json, JsonObject } from '../syntax/json.ts'

// What V8 keeps on 64 bits, in octets; measured in test/memory. A store is bounded by what its entries occupy, not by
// what they were on the wire: `[],` takes three octets there and forty here.
const POINTER = 8
const STRING = 24
const NUMBER = 16
const ARRAY = 48
const OBJECT = 100
/** A member, in a hash table at worst; and one whose name is this object's alone, which makes a shape of its own. */
const MEMBER = 72
const OWN_MEMBER = 140

/** Names that exist once in a process, because every token has them. */
const COMMON: ReadonlySet<string> = new Set(
  (
    'iss sub aud exp nbf iat jti client_id azp scope scp cnf acr amr auth_time active token_type username sid typ tid ' +
    'nonce email name roles groups'
  ).split(' '),
)

const WIDE = /[^\0-\xff]/

/** The octets of heap that parsed claims are reckoned to take. */
export function claimsBytes(claims: JsonObject): number {
  let bytes = OBJECT
  for (const name of Object.keys(claims)) {
    bytes += (COMMON.has(name) ? POINTER : MEMBER + name.length) + jsonBytes(claims[name])
  }
  return bytes
}

/** The same for a value inside, beside the slot that holds it. Names in there may be anything, such as identifiers. */
function jsonBytes(value: Json | undefined): number {
  if (typeof value === 'string') return stringBytes(value)
  if (typeof value === 'number') return isInPointer(value) ? 0 : NUMBER
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return (value as readonly Json[]).reduce(addElement, ARRAY)
  let bytes = OBJECT
  for (const name of Object.keys(value)) {
    bytes += OWN_MEMBER + name.length + jsonBytes((value as JsonObject)[name])
  }
  return bytes
}

const addElement = (sum: number, element: Json): number => sum + POINTER + jsonBytes(element)

/** Small integers are kept in the slot itself. */
const isInPointer = (value: number): boolean => Math.trunc(value) === value && Math.abs(value) < 2 ** 31

function stringBytes(text: string): number {
  return STRING + text.length * (WIDE.test(text) ? 2 : 1)
}
