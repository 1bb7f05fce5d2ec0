import assert from 'node:assert/strict'
import { AuthError, scope } from '@holdfast/core'
import type { ContractStep } from './app.ts'
import type { Case } from './case.ts'
import { begin, bearer } from './client.ts'
import { REALM, unreachable, whoami, withDpop } from './world.ts'

const SECRETS = /never-issued|node_modules|\.ts:|\.js:|\n\s+at /

/** Errors of ours and of the application, and who answers for them. */
export const errors: readonly Case[] = [
  {
    name: "onRefusal 'next' hands the error to the application's error handling, from protect and from guards",
    async work({ as, server, start }) {
      const heard: AuthError[] = []
      const client = await start({
        steps: [{ is: 'protect', server: server(), options: { onRefusal: 'next' } }, ...guarded()],
        onError(error) {
          assert.ok(error instanceof AuthError)
          heard.push(error)
          return { status: 418, text: `mine: ${error.status} ${error.code}` }
        },
      })
      const answered = [
        await client.get('/whoami'),
        await client.get('/whoami', bearer('never-issued')),
        await client.get('/whoami', bearer(as.opaque())),
      ]
      assert.deepEqual(
        answered.map(({ status, body }) => [status, body]),
        [
          [418, 'mine: 401 none'],
          [418, 'mine: 401 invalid_token'],
          [418, 'mine: 403 insufficient_scope'],
        ],
      )
      assert.deepEqual(
        heard.map(({ status, statusCode, expose }) => [status, statusCode, expose]),
        [
          [401, 401, true],
          [401, 401, true],
          [403, 403, true],
        ],
      )
      assert.equal(heard[0]?.headers['www-authenticate'], withDpop(`Bearer ${REALM}`))
    },
  },
  {
    name: "onRefusal 'next' and the framework's own error handling: status and challenge arrive, and nothing secret",
    async work({ as, server, start }) {
      const client = await start([{ is: 'protect', server: server(), options: { onRefusal: 'next' } }, ...guarded()])
      const expected = [
        { token: undefined, status: 401, challenge: new RegExp(`^${withDpop(`Bearer ${REALM}`)}$`) },
        { token: 'never-issued', status: 401, challenge: /error="invalid_token"/ },
        { token: as.opaque(), status: 403, challenge: /error="insufficient_scope".*scope="orders:read"/ },
      ]
      for (const { token, status, challenge } of expected) {
        const received = await client.get('/whoami', token === undefined ? [] : bearer(token))
        assert.equal(received.status, status)
        assert.match(received.headers['www-authenticate'] ?? '', challenge)
        assert.equal(received.headers['cache-control'], 'no-store')
        assert.doesNotMatch(received.body, SECRETS)
      }
      const token = as.opaque()
      as.outage()
      const unavailable = await client.get('/whoami', bearer(token))
      assert.deepEqual([unavailable.status, unavailable.headers['www-authenticate']], [503, undefined])
      assert.match(unavailable.headers['retry-after'] ?? '', /^[1-9]\d*$/)
      assert.ok(!unavailable.body.includes(token))
      assert.doesNotMatch(unavailable.body, SECRETS)
    },
  },
  ...(['throws', 'rejects'] as const).map((how): Case => ({
    name: `a handler that ${how} after a wait for the authorization server reaches the application's error handling, once`,
    async work({ as, server, start }) {
      const heard: unknown[] = []
      const client = await start({
        steps: [{ is: 'protect', server: server() }, whoami({ handle: how === 'throws' ? throws : rejects })],
        onError(error) {
          heard.push(error)
          return { status: 500, text: 'mine' }
        },
      })
      const { status, body } = await client.get('/whoami', bearer(as.opaque()))
      assert.deepEqual([status, body], [500, 'mine'])
      assert.deepEqual(
        heard.map((error) => (error as Error).message),
        ['the handler failed'],
      )
    },
  })),
  {
    name: "a handler that fails gets the framework's 500, also without error handling of the application",
    async work({ as, server, start }) {
      const client = await start([{ is: 'protect', server: server() }, whoami({ handle: rejects })])
      const token = bearer(as.opaque())
      assert.equal((await client.get('/whoami', token)).status, 500)
      assert.equal((await client.get('/whoami', token)).status, 500)
    },
  },
  ...(['none', 'forged'] as const).map((credentials): Case => ({
    name: `a response that has begun is not written to when ${credentials === 'none' ? 'no credentials came' : 'the token turns out bad'}`,
    async work({ server, start }) {
      const route = unreachable({ path: '/begun' })
      const heard: unknown[] = []
      const steps: readonly ContractStep[] = [
        { is: 'begin', text: 'begun' },
        { is: 'protect', server: server() },
        route,
      ]
      const alive = {
        is: 'route',
        method: 'GET',
        path: '/alive',
        handle: () => ({ status: 200, text: 'yes' }),
      } as const
      const client = await start({
        steps: [alive, ...steps],
        onError(error) {
          heard.push(error)
          return { status: 500, text: 'mine' }
        },
      })
      const headers = credentials === 'none' ? [] : bearer('never-issued')
      const { message, request } = await begin(client.origin, { path: '/begun', headers })
      request.on('error', () => undefined)
      assert.equal(message.statusCode, 200)
      assert.equal(message.headers['www-authenticate'], undefined)
      let body = ''
      message.setEncoding('utf8').on('data', (text: string) => void (body += text))
      const over = new Promise((resolve) => message.once('close', resolve))
      // Frameworks end such a response, or leave it; it must not go on.
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 100))])
      request.destroy()
      assert.deepEqual([body, route.calls()], ['begun', 0])
      assert.deepEqual(
        heard.map((error) => error instanceof AuthError && error.status),
        [401],
      )
      assert.equal((await client.get('/alive')).body, 'yes')
    },
  })),
]

const guarded = (): readonly ContractStep[] => [
  unreachable({ through: [{ is: 'guard', guards: [scope('orders:read')] }] }),
]

function throws(): never {
  throw new Error('the handler failed')
}

async function rejects(): Promise<never> {
  await Promise.resolve()
  throw new Error('the handler failed')
}
