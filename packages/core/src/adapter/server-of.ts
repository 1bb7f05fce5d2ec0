import { ConfigError } from '../errors.ts'
import type { ResourceServerOptions } from '../options/options.ts'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'

/** Options that servers were built from in passing; bounded. */
const built = new Set<string>()
const MAX_REMEMBERED = 100

/** The server itself, or one built from options. Two from equal options would each fill their own caches: said once. */
export function serverOf(given: ResourceServer | ResourceServerOptions): ResourceServer {
  if (typeof given !== 'object' || given === null)
    throw new ConfigError('protect(): write a server from createResourceServer(), or its options: { issuer, audience }')
  if (isServer(given)) return given
  const server = createResourceServer(given)
  const fingerprint = JSON.stringify([given.issuer, given.issuers, given.audience])
  if (built.has(fingerprint)) {
    process.emitWarning(
      'protect() built two servers from equal options, each with its own caches; build one with createResourceServer() and pass it to both',
      {
        type: 'HoldfastWarning',
        code: 'HOLDFAST_TWO_SERVERS',
      },
    )
  } else if (built.size < MAX_REMEMBERED) built.add(fingerprint)
  return server
}

function isServer(given: object): given is ResourceServer {
  return 'tryAuthenticate' in given && typeof given.tryAuthenticate === 'function'
}
