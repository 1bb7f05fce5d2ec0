import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { onTestFinished, vi } from 'vitest'

type OfSubtle = 'decrypt' | 'deriveBits' | 'deriveKey' | 'unwrapKey' | 'verify'
type OfCrypto = 'createPublicKey' | 'privateDecrypt' | 'diffieHellman' | 'pbkdf2' | 'createDecipheriv' | 'verify'

/** How often these functions of `crypto`, and inflation, are called from now on until the test ends. */
export function countCalls({
  subtle = [],
  crypto: own = [],
}: {
  readonly subtle?: readonly OfSubtle[]
  readonly crypto?: readonly OfCrypto[]
}): () => number {
  const spies = [
    ...subtle.map((name) => vi.spyOn(crypto.webcrypto.subtle, name)),
    ...own.map((name) => vi.spyOn(crypto, name)),
    vi.spyOn(globalThis, 'DecompressionStream'),
  ]
  syncBuiltinESMExports()
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
    syncBuiltinESMExports()
  })
  return () => spies.reduce((count, spy) => count + spy.mock.calls.length, 0)
}

/** How often keys are used, secrets derived and contents inflated. */
export const countWork = (): (() => number) =>
  countCalls({
    subtle: ['decrypt', 'deriveBits', 'deriveKey', 'unwrapKey', 'verify'],
    crypto: ['privateDecrypt', 'diffieHellman', 'pbkdf2', 'createDecipheriv', 'verify'],
  })
