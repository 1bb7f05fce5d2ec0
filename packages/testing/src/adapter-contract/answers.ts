import assert from 'node:assert/strict'
import { login, scope } from '@holdfast/core'
import type { Case } from './case.ts'
import { bearer, type Received } from './client.ts'
import { REALM, unreachable, withDpop, type World } from './world.ts'

/** A refusal, as it must stand on the wire. */
interface Expected {
  readonly status: number
  readonly challenge?: string
  readonly retryAfter?: RegExp
  readonly body: string
}

interface Refusal {
  readonly name: string
  /** Brings the refusal about, and gives the header lines of the request that meets it. */
  readonly headers: (world: World) => readonly string[] | Promise<readonly string[]>
  readonly expected: Expected
}

/** Another token, or another request, may help against some errors: it may come under the other scheme. */
const offered = (error: string, challenge: string): string =>
  error.startsWith('invalid_') ? withDpop(challenge) : challenge

const oauth = (error: string, text: string, more = ''): Pick<Expected, 'challenge' | 'body'> => ({
  challenge: offered(error, `Bearer ${REALM}, error="${error}", error_description="${text}"${more}`),
  body: JSON.stringify({ error, error_description: text }),
})

const REQUEST = 'The request carries its credentials in a malformed way'
const REVOKED = 'The access token is revoked or inactive'

/** Asked of a route behind `protect(server, login({ acr: 'gold' }), scope('orders:read'))`. */
const REFUSALS: readonly Refusal[] = [
  {
    name: 'no credentials: 401, the scopes needed and no error',
    headers: () => [],
    expected: { status: 401, challenge: withDpop(`Bearer ${REALM}, scope="orders:read"`), body: '{}' },
  },
  {
    name: 'another scheme: as no credentials',
    headers: () => ['authorization', 'Basic Zm9vOmJhcg=='],
    expected: { status: 401, challenge: withDpop(`Bearer ${REALM}, scope="orders:read"`), body: '{}' },
  },
  {
    name: 'a malformed header: 400',
    headers: () => ['authorization', 'Bearer a b'],
    expected: { status: 400, ...oauth('invalid_request', REQUEST) },
  },
  {
    name: 'two Authorization lines, the first of them good: 400',
    headers: ({ as }) => [...bearer(as.jwt({ scope: 'orders:read', claims: { acr: 'gold' } })), ...bearer('x')],
    // Nobody can tell which of the two schemes was meant.
    expected: {
      ...oauth('invalid_request', REQUEST),
      status: 400,
      challenge: withDpop(`Bearer ${REALM}, error="invalid_request", error_description="${REQUEST}"`, {
        isClear: false,
      }),
    },
  },
  {
    name: 'a token that was never issued: 401',
    headers: () => bearer('never-issued'),
    expected: { status: 401, ...oauth('invalid_token', REVOKED, ', scope="orders:read"') },
  },
  {
    name: 'a revoked token: 401',
    headers: ({ as }) => {
      const token = as.opaque({ scope: 'orders:read', claims: { acr: 'gold' } })
      as.revoke(token)
      return bearer(token)
    },
    expected: { status: 401, ...oauth('invalid_token', REVOKED, ', scope="orders:read"') },
  },
  {
    name: 'an expired token: 401',
    headers: async ({ as }) => {
      const token = as.jwt({ scope: 'orders:read', claims: { acr: 'gold' } })
      await as.clock.advance('2h')
      return bearer(token)
    },
    expected: { status: 401, ...oauth('invalid_token', 'The access token expired', ', scope="orders:read"') },
  },
  {
    name: 'a token for somebody else: 401',
    headers: ({ as }) => bearer(as.jwt({ audience: 'https://other.example.com' })),
    expected: {
      status: 401,
      ...oauth('invalid_token', 'The access token is not meant for this resource', ', scope="orders:read"'),
    },
  },
  {
    name: 'too little scope: 403, with the scope',
    headers: ({ as }) => bearer(as.opaque({ scope: 'orders:list', claims: { acr: 'gold' } })),
    expected: {
      status: 403,
      ...oauth('insufficient_scope', 'The access token lacks a scope that this request needs', ', scope="orders:read"'),
    },
  },
  {
    name: 'too weak a login: 401, with what is needed',
    headers: ({ as }) => bearer(as.opaque({ scope: 'orders:read' })),
    expected: {
      status: 401,
      ...oauth(
        'insufficient_user_authentication',
        'This request needs a stronger or more recent authentication',
        ', acr_values="gold"',
      ),
    },
  },
  {
    name: 'nobody can tell: 503 with Retry-After and no challenge',
    headers: ({ as }) => {
      const token = as.opaque({ scope: 'orders:read', claims: { acr: 'gold' } })
      as.outage()
      return bearer(token)
    },
    expected: { status: 503, retryAfter: /^[1-9]\d*$/, body: '{"error":"unavailable"}' },
  },
]

function assertAnswer(received: Received, { status, challenge, retryAfter, body }: Expected): void {
  const { headers } = received
  assert.equal(received.status, status)
  assert.deepEqual(received.lines('www-authenticate'), challenge === undefined ? [] : [challenge])
  if (retryAfter) assert.match(headers['retry-after'] ?? '', retryAfter)
  else assert.equal(headers['retry-after'], undefined)
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['content-length'], String(Buffer.byteLength(body)))
  assert.equal(received.body, body)
}

/** Header fields that say the same at any time; waits are jittered. */
function steady({ headers }: Received): object {
  return { ...headers, date: undefined, 'retry-after': undefined }
}

function broken(): never {
  throw new Error('the database password is hunter2')
}

const CORS = { 'access-control-allow-origin': 'https://app.example.com', vary: 'Origin', 'x-request-id': '7' }

/** What the refused see. */
export const answers: readonly Case[] = [
  ...REFUSALS.map(({ name, headers, expected }): Case => ({
    name,
    async work(world) {
      const route = unreachable()
      const guards = [login({ acr: 'gold' }), scope('orders:read')]
      const server = world.server()
      await server.ready()
      const client = await world.start([{ is: 'headers', headers: CORS }, { is: 'protect', server, guards }, route])
      const lines = await headers(world)
      const received = await client.get('/whoami', lines)
      assertAnswer(received, expected)
      for (const [header, value] of Object.entries(CORS)) assert.equal(received.headers[header], value)

      // HEAD says the same (RFC 9110 §9.3.2), without the body.
      const head = await client.send({ method: 'HEAD', path: '/whoami', headers: lines })
      assert.deepEqual([head.status, head.body], [received.status, ''])
      assert.deepEqual(steady(head), steady(received))
      assert.equal(route.calls(), 0)
    },
  })),
  {
    name: 'a challenge that stood there before stays',
    async work({ server, start }) {
      const client = await start([
        { is: 'headers', headers: { 'www-authenticate': 'Basic realm="legacy"' } },
        { is: 'protect', server: server() },
        unreachable(),
      ])
      const { lines } = await client.get('/whoami')
      assert.deepEqual(lines('www-authenticate'), ['Basic realm="legacy"', withDpop(`Bearer ${REALM}`)])
    },
  },
  {
    name: 'challenge.scope names scopes in every 401',
    async work({ server, start }) {
      const client = await start([
        { is: 'protect', server: server(), options: { challenge: { scope: 'a b' } } },
        unreachable(),
      ])
      assert.equal((await client.get('/whoami')).headers['www-authenticate'], withDpop(`Bearer ${REALM}, scope="a b"`))
    },
  },
  {
    name: 'a guard on a request that no protect has seen refuses: an empty 500',
    async work({ as, start }) {
      const route = unreachable({ through: [{ is: 'guard', guards: [scope('orders:read')] }] })
      const client = await start([route])
      const received = await client.get('/whoami', bearer(as.opaque({ scope: 'orders:read' })))
      assertAnswer(received, { status: 500, body: '{}' })
      assert.equal(route.calls(), 0)
    },
  },
  {
    name: 'a guard that throws refuses: an empty 500',
    async work({ as, server, start }) {
      const route = unreachable({ through: [{ is: 'guard', guards: [broken] }] })
      const client = await start([{ is: 'protect', server: server() }, route])
      const received = await client.get('/whoami', bearer(as.opaque()))
      assertAnswer(received, { status: 500, body: '{}' })
      assert.equal(route.calls(), 0)
    },
  },
  {
    name: 'a closed server refuses: 503',
    async work({ as, server, start }) {
      const closed = server()
      const route = unreachable()
      const client = await start([{ is: 'protect', server: closed }, route])
      await closed.close()
      const { status, headers } = await client.get('/whoami', bearer(as.opaque()))
      assert.deepEqual([status, headers['retry-after'], route.calls()], [503, '1', 0])
    },
  },
]
