import { createResourceServer, type ResourceServer } from '@holdfast/core'
import type { Row, Subject } from '../../measure.ts'
import { isAccepted } from '../micro/authority.ts'
import { sending } from '../micro/request.ts'
import { AUDIENCE, ISSUER, signingKey, times } from '../micro/tokens.ts'

/** A key set has no more. */
const KEYS_OF_ISSUER = 100
const SIGNATURE = Buffer.alloc(64, 7).toString('base64url')

/** How many issuers, and how many keys each has. */
interface Trusted {
  readonly name: string
  readonly issuers: number
  readonly keys: number
}

const ISSUERS: readonly Trusted[] = [1, 10, 100].map((issuers) => ({ name: String(issuers), issuers, keys: 1 }))
const KEYS: readonly Trusted[] = [1, 10, 100, 1_000].map((keys) => ({
  name: keys.toLocaleString('en'),
  issuers: Math.ceil(keys / KEYS_OF_ISSUER),
  keys: Math.min(keys, KEYS_OF_ISSUER),
}))

/**
 * A new token, whose issuer and key have to be found among others. The arithmetic of its signature is left out: it takes
 * ten times as long as all the rest, and would hide what grows.
 *
 * @param distinct How many tokens, of all issuers and keys in turn.
 */
export function coldRows(distinct: number): { readonly rows: readonly Row[]; readonly close: () => Promise<void> } {
  const open: ResourceServer[] = []
  const rows = Object.entries({ issuers: ISSUERS, keys: KEYS }).map(([name, sizes]): Row => {
    const subjects = sizes.map((trusted) => subjectOf(trusted, distinct, open))
    return { name, baseline: '1', subjects }
  })
  return { rows, close: async () => void (await Promise.all(open.map((server) => server.close()))) }
}

function subjectOf({ name, issuers, keys }: Trusted, distinct: number, open: ResourceServer[]): Subject {
  const server = createResourceServer({
    issuers: times(issuers, () => undefined).map((_, n) => ({
      issuer: issuerOf(n),
      jwt: { algorithms: ['ES256'], keys: { keys: keysOf(keys) } },
    })),
    audience: AUDIENCE,
    // Half of the tokens, which come in turn: none is in the cache any more when it comes again.
    cache: { jwts: { entries: distinct / 2 } },
    ports: { signatures: { now: () => true, later: async () => true } },
  })
  open.push(server)
  const tokens = times(distinct, () => undefined).map((_, n) =>
    tokenOf(issuerOf(n % issuers), `key-${Math.floor(n / issuers) % keys}`, n),
  )
  const sent = sending(tokens)
  return {
    name,
    run: (index) => server.tryAuthenticate(sent.request(index)),
    from: sent.request,
    expect: isAccepted('live'),
  }
}

const issuerOf = (n: number): string => (n === 0 ? ISSUER : `${ISSUER}/tenant-${n}`)

function keysOf(count: number): object[] {
  return times(count, () => signingKey('ES256')).map(({ jwk }, n) => ({ ...jwk, kid: `key-${n}` }))
}

function tokenOf(iss: string, kid: string, n: number): string {
  const now = Math.floor(Date.now() / 1_000)
  const lifetime = { iat: now, exp: now + 36_000 }
  const claims = {
    iss,
    aud: AUDIENCE,
    sub: 'user-1234567890',
    client_id: 'app-1',
    ...lifetime,
    jti: `id-${n}`,
    scope: 'orders:read',
  }
  return `${encode({ typ: 'at+jwt', alg: 'ES256', kid })}.${encode(claims)}.${SIGNATURE}`
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
