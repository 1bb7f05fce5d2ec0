import assert from 'node:assert/strict'
import { fresh, scope } from '@holdfast/core'
import type { Case } from './case.ts'
import { bearer } from './client.ts'
import { AUDIENCE, REALM, type subject, unreachable, watched, whoami, withDpop } from './world.ts'

/** Who gets in, and what the handler sees. */
export const passing: readonly Case[] = [
  {
    name: 'a good JWT and a good opaque token get in, and authOf says whose they are',
    async work({ as, server, start }) {
      const client = await start([{ is: 'protect', server: server() }, whoami({ handle: withEvidence })])
      const jwt = bearer(as.jwt({ sub: 'alice' }))
      const opaque = bearer(as.opaque({ sub: 'bob' }))
      const first = [await client.get('/whoami', jwt), await client.get('/whoami', opaque)]
      assert.deepEqual(
        first.map(({ status, body }) => [status, body]),
        [
          [200, 'alice signature live'],
          [200, 'bob introspection live'],
        ],
      )
      const second = [await client.get('/whoami', jwt), await client.get('/whoami', opaque)]
      assert.deepEqual(
        second.map(({ status, body }) => [status, body]),
        [
          [200, 'alice signature cache'],
          [200, 'bob introspection cache'],
        ],
      )
    },
  },
  {
    name: 'what is shown as auth is what authOf gives, and nothing is added to the response',
    async work({ as, server, start }) {
      const client = await start([
        { is: 'protect', server: server() },
        whoami({ handle: ({ auth, shown }) => ({ status: 200, text: String(shown('auth') === auth()) }) }),
      ])
      const { status, body, headers } = await client.get('/whoami', bearer(as.opaque()))
      assert.deepEqual([status, body], [200, 'true'])
      assert.deepEqual([headers['cache-control'], headers['www-authenticate']], [undefined, undefined])
    },
  },
  {
    name: 'attach shows the context under another name, and only there',
    async work({ as, server, start }) {
      const client = await start([
        { is: 'protect', server: server(), options: { attach: 'user' } },
        whoami({
          handle: ({ auth, shown }) => ({
            status: 200,
            text: `${shown('user') === auth()} ${shown('auth') === undefined}`,
          }),
        }),
      ])
      assert.equal((await client.get('/whoami', bearer(as.opaque()))).body, 'true true')
    },
  },
  {
    name: 'guards on protect and guards on the route must all say yes',
    async work({ as, server, start }) {
      const client = await start([
        { is: 'protect', server: server(), guards: [scope('a')] },
        whoami({ through: [{ is: 'guard', guards: [scope('b')] }] }),
      ])
      const statuses = []
      for (const scopes of ['a b', 'a', 'b', ''])
        statuses.push((await client.get('/whoami', bearer(as.opaque({ scope: scopes })))).status)
      assert.deepEqual(statuses, [200, 403, 403, 403])
    },
  },
  {
    name: 'a guard that waits is waited for',
    async work({ as, server, start }) {
      const route = unreachable({
        through: [{ is: 'guard', guards: [async () => Promise.resolve({ reason: 'custom' as const })] }],
      })
      const client = await start([{ is: 'protect', server: server() }, route])
      const { status, body } = await client.get('/whoami', bearer(as.opaque()))
      assert.deepEqual([status, body, route.calls()], [403, '{"error":"access_denied"}', 0])
    },
  },
  {
    name: 'optional lets nobody pass as nobody, and a bad token not at all',
    async work({ as, server, start }) {
      const client = await start([
        { is: 'protect', server: server(), options: { optional: true } },
        whoami({
          handle: ({ maybeAuth, shown }) => ({
            status: 200,
            text: `${maybeAuth()?.subject} ${shown('auth') === maybeAuth()}`,
          }),
        }),
      ])
      const nobody = await client.get('/whoami')
      const otherScheme = await client.get('/whoami', ['authorization', 'Basic Zm9vOmJhcg=='])
      const alice = await client.get('/whoami', bearer(as.opaque({ sub: 'alice' })))
      const forged = await client.get('/whoami', bearer('never-issued'))
      assert.deepEqual(
        [nobody, otherScheme, alice].map(({ body }) => body),
        ['undefined true', 'undefined true', 'alice true'],
      )
      assert.deepEqual([forged.status, forged.lines('www-authenticate').length], [401, 1])
    },
  },
  {
    name: 'a request that is let in by a proof, and what its response carries for the next one',
    async work({ as, server, start }) {
      const resource = server({ dpop: { nonce: true }, cors: { expose: true } })
      const set = { 'cache-control': 'private', 'access-control-expose-headers': 'X-A' }
      const client = await start([{ is: 'headers', headers: set }, { is: 'protect', server: resource }, whoami()])
      const bound = as.dpopClient()
      const token = as.opaque(bound.bound({ sub: 'alice' }))
      const request = (nonce?: string): readonly string[] => bound.fields({ url: `${AUDIENCE}/whoami`, token, nonce })
      const asked = await client.get('/whoami', request())
      assert.equal(asked.status, 401)
      const [first] = asked.lines('dpop-nonce')
      const early = await client.get('/whoami', request(first))
      assert.deepEqual([early.status, early.body, early.lines('dpop-nonce')], [200, 'alice', []])
      as.clock.advance('200s')
      const late = await client.get('/whoami', request(first))
      assert.deepEqual([late.status, late.body, late.lines('dpop-nonce').length], [200, 'alice', 1])
      assert.notEqual(late.headers['dpop-nonce'], first)
      assert.equal(late.headers['cache-control'], 'no-store')
      assert.equal(late.headers['access-control-expose-headers'], 'X-A, DPoP-Nonce')
    },
  },
  {
    name: 'a guard after optional asks nobody for a token, naming its scopes',
    async work({ server, start }) {
      const route = unreachable({ through: [{ is: 'guard', guards: [scope('orders:read')] }] })
      const client = await start([{ is: 'protect', server: server(), options: { optional: true } }, route])
      const { status, headers, body } = await client.get('/whoami')
      assert.deepEqual(
        [status, headers['www-authenticate'], body, route.calls()],
        [401, withDpop(`Bearer ${REALM}, scope="orders:read"`), '{}', 0],
      )
    },
  },
  {
    name: 'after a guard has renewed the evidence, the handler sees the newer context',
    async work({ as, server, start }) {
      const client = await start([
        { is: 'protect', server: server() },
        whoami({ handle: withEvidence }),
        whoami({
          path: '/refund',
          through: [{ is: 'guard', guards: [fresh('1s')] }],
          handle: (exchange) => {
            const { text } = withEvidence(exchange)
            return { status: 200, text: `${text} ${exchange.shown('auth') === exchange.auth()}` }
          },
        }),
      ])
      const token = bearer(as.opaque({ sub: 'alice' }))
      assert.equal((await client.get('/whoami', token)).body, 'alice introspection live')
      await as.clock.advance('5s')
      assert.equal((await client.get('/whoami', token)).body, 'alice introspection cache')
      assert.equal((await client.get('/refund', token)).body, 'alice introspection live true')
    },
  },
  {
    name: 'mounted twice it verifies once',
    async work({ as, server, start }) {
      const { server: spy, told } = watched(server())
      const protect = { is: 'protect', server: spy } as const
      const client = await start([protect, protect, whoami({ through: [{ ...protect, guards: [scope('a')] }] })])
      const { status } = await client.get('/whoami', bearer(as.opaque({ scope: 'a' })))
      assert.deepEqual([status, told.length, as.calls.introspection], [200, 1, 1])
    },
  },
  {
    name: 'two servers judge each for itself, and the last one has its say in the handler',
    async work({ as, server, start }) {
      const other = 'https://other.example.com'
      const client = await start([
        { is: 'protect', server: server() },
        whoami(),
        { is: 'protect', server: server({ audience: other }) },
        whoami({ path: '/both', handle: ({ auth }) => ({ status: 200, text: auth().audience.join(' ') }) }),
      ])
      const one = bearer(as.jwt({ audience: AUDIENCE }))
      const both = bearer(as.jwt({ audience: [AUDIENCE, other] }))
      assert.deepEqual(
        [await client.get('/whoami', one), await client.get('/both', one), await client.get('/both', both)].map(
          ({ status, body }) => [status, status === 200 ? body.split(' ').length : 0],
        ),
        [
          [200, 1],
          [401, 0],
          [200, 2],
        ],
      )
    },
  },
  {
    name: 'the server sees the address that the framework sees: a forwarded one only where a proxy is believed',
    async work({ as, server, start }) {
      const direct = watched(server())
      const proxied = watched(server())
      const told = ['x-forwarded-for', '203.0.113.9', 'x-real-ip', '203.0.113.8', 'forwarded', 'for=203.0.113.7']
      const forwarded = [...bearer(as.opaque()), ...told]
      const client = await start([{ is: 'protect', server: direct.server }, whoami()])
      const behindProxy = await start({
        steps: [{ is: 'protect', server: proxied.server }, whoami()],
        trustProxy: true,
      })
      await client.get('/whoami', forwarded)
      await behindProxy.get('/whoami', forwarded)
      assert.match(direct.told[0]?.source ?? '', /^(::ffff:)?127\.0\.0\.1$/)
      assert.equal(proxied.told[0]?.source, '203.0.113.9')
    },
  },
]

const withEvidence = ({ auth }: Parameters<typeof subject>[0]): { status: number; text: string } => {
  const { subject: who, evidence } = auth()
  return { status: 200, text: `${who} ${evidence.by} ${evidence.source}` }
}
