import { debuglog } from 'node:util'
import type * as OidcProvider from 'oidc-provider'

const debug = debuglog('lab')

/**
 * Imports `oidc-provider`, unmodified. On Node 20 it warns while it loads that it wants Node 22; it works all the same.
 * Its lines go to `NODE_DEBUG=lab`, all others through.
 */
export async function importOidcProvider(): Promise<typeof OidcProvider> {
  const { warn } = console
  console.warn = (...words: unknown[]) =>
    String(words[0]).includes('oidc-provider ') ? debug(String(words[0])) : warn(...words)
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}
