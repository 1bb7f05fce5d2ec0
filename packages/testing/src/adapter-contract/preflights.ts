import assert from 'node:assert/strict'
import { scope } from '@holdfast/core'
import type { ProtectOptions } from '@holdfast/core/adapter'
import type { ContractHandler, ContractStep } from './app.ts'
import type { Case } from './case.ts'
import { bearer, type Received, type Sent } from './client.ts'
import { AUDIENCE, type Client, REALM, subject, unreachable, whoami, withDpop } from './world.ts'

/** What a browser sends before a request across origins; and anyone else, as there is nothing to prove. */
const PREFLIGHT = ['origin', 'https://app.example.com', 'access-control-request-method', 'POST']

const forge = (client: Client, more: Partial<Sent> = {}): Promise<Received> =>
  client.send({ method: 'OPTIONS', path: '/whoami', headers: PREFLIGHT, ...more })

/** Handlers that ask for no method in particular. */
const HANDLERS: Readonly<Record<string, (handle: ContractHandler) => ContractStep>> = {
  'a handler of every method': (handle) => ({ is: 'route', method: 'ALL', path: '/whoami', handle }),
  'a handler without a route': (handle) => ({ is: 'handler', handle }),
}

const OPTIONS: Readonly<Record<string, ProtectOptions | undefined>> = {
  protect: undefined,
  'protect with optional credentials': { optional: true },
  'protect that hands refusals on': { onRefusal: 'next' },
}

const isNobody: ContractHandler = ({ maybeAuth, shown }) => ({
  status: 200,
  text: String(maybeAuth() === undefined && shown('auth') === undefined),
})

/** 204 and nothing that would let a browser go on. */
function assertAnswered({ status, body, headers }: Received): void {
  const allowed = Object.keys(headers).filter((name) => name.startsWith('access-control-'))
  const challenge = headers['www-authenticate']
  assert.deepEqual([status, body, headers['cache-control'], challenge, allowed], [204, '', 'no-store', undefined, []])
}

/** CORS preflights, which carry no credentials: they are answered, and are no way in. */
export const preflights: readonly Case[] = [
  ...Object.entries(HANDLERS).flatMap(([what, stepOf]): readonly Case[] => [
    ...Object.entries(OPTIONS).map(([by, options]): Case => ({
      name: `a preflight is answered, and never runs ${what}, behind ${by}`,
      async work({ as, server, start }) {
        let calls = 0
        const handle: ContractHandler = (exchange) => {
          calls += 1
          return subject(exchange)
        }
        const client = await start([{ is: 'protect', server: server(), options }, stepOf(handle)])
        assertAnswered(await forge(client))
        assertAnswered(await forge(client, { body: '{"amount":1}' }))
        assert.deepEqual([calls, as.calls.total], [0, 0])
        const asked = await forge(client, { method: 'POST', headers: [...PREFLIGHT, ...bearer(as.opaque())] })
        assert.deepEqual([asked.status, calls], [200, 1])
      },
    })),
    {
      name: `a preflight never runs ${what} behind a guard, whatever protect lets pass`,
      async work({ server, start }) {
        const guards = [scope('a')] as const
        const pass = { preflight: 'pass' } as const
        const guarded: readonly (readonly ContractStep[])[] = [
          [{ is: 'protect', server: server(), guards }],
          [{ is: 'protect', server: server(), options: pass, guards }],
          [
            { is: 'protect', server: server(), options: pass },
            { is: 'guard', guards },
          ],
        ]
        for (const steps of guarded) {
          let calls = 0
          const handle: ContractHandler = () => {
            calls += 1
            return { status: 200, text: 'reached' }
          }
          const client = await start([...steps, stepOf(handle)])
          assertAnswered(await forge(client))
          assert.equal(calls, 0)
        }
      },
    },
    {
      name: `with preflight: 'pass' a preflight reaches ${what}, and nobody is authenticated by it`,
      async work({ server, start }) {
        const client = await start([
          { is: 'protect', server: server(), options: { preflight: 'pass' } },
          stepOf(isNobody),
        ])
        const { status, body } = await forge(client)
        assert.deepEqual([status, body], [200, 'true'])
        assert.equal((await forge(client, { method: 'POST' })).status, 401)
      },
    },
  ]),
  {
    name: 'a preflight never runs what a guarded route has for OPTIONS',
    async work({ server, start }) {
      const route = unreachable({ method: 'OPTIONS', through: [{ is: 'guard', guards: [scope('a')] }] })
      const client = await start([{ is: 'protect', server: server() }, route])
      assertAnswered(await forge(client))
      assert.equal(route.calls(), 0)
    },
  },
  {
    name: 'what stands before protect answers preflights itself, and what it set stays',
    async work({ server, start }) {
      const cors = { 'access-control-allow-origin': 'https://app.example.com', vary: 'Origin' }
      const protect = { is: 'protect', server: server() } as const
      const answering = await start([
        { is: 'route', method: 'OPTIONS', path: '/whoami', handle: () => ({ status: 200, text: 'go on' }) },
        protect,
      ])
      assert.equal((await forge(answering)).body, 'go on')
      const adding = await start([{ is: 'headers', headers: cors }, protect, whoami()])
      const { status, headers } = await forge(adding)
      assert.deepEqual([status, headers['access-control-allow-origin'], headers.vary], [204, ...Object.values(cors)])
    },
  },
  {
    name: 'a preflight with credentials is judged by them',
    async work({ as, server, start }) {
      const route = unreachable({ method: 'ALL', through: [{ is: 'guard', guards: [scope('a')] }] })
      const client = await start([{ is: 'protect', server: server() }, whoami({ method: 'ALL', path: '/me' }), route])
      const ask = async (path: string, token: string): Promise<readonly [number, string]> => {
        const { status, body } = await forge(client, { path, headers: [...PREFLIGHT, ...bearer(token)] })
        return [status, status === 200 ? body : '']
      }
      assert.deepEqual(
        [
          await ask('/me', 'never-issued'),
          await ask('/me', as.opaque({ sub: 'alice' })),
          await ask('/whoami', as.opaque({ scope: 'b' })),
        ],
        [
          [401, ''],
          [200, 'alice'],
          [403, ''],
        ],
      )
      assert.equal(route.calls(), 0)
      const basic = await forge(client, { headers: [...PREFLIGHT, 'authorization', 'Basic YTpi'] })
      assert.deepEqual([basic.status, basic.headers['www-authenticate']], [401, withDpop(`Bearer ${REALM}`)])
    },
  },
  {
    name: 'any other OPTIONS request needs a token',
    async work({ as, server, start }) {
      const client = await start([{ is: 'protect', server: server() }, whoami({ method: 'OPTIONS' })])
      const options = (headers: readonly string[]): Promise<number> =>
        forge(client, { headers }).then(({ status }) => status)
      assert.deepEqual(
        [
          await options([]),
          await options(['origin', 'https://app.example.com']),
          await options(['access-control-request-method', 'GET']),
          await options([...PREFLIGHT, 'origin', 'https://other.example.com']),
          await options(bearer(as.opaque())),
        ],
        [401, 401, 401, 401, 200],
      )
    },
  },
  {
    name: 'a request with the headers of a preflight is none',
    async work({ server, start }) {
      const route = unreachable({ method: 'ALL' })
      const client = await start([{ is: 'protect', server: server() }, route])
      for (const method of ['GET', 'POST', 'DELETE']) assert.equal((await forge(client, { method })).status, 401)
      assert.equal(route.calls(), 0)
    },
  },
  {
    name: 'a method that is changed after protect is no way in',
    async work({ server, start }) {
      const guard = { is: 'guard', guards: [scope('a')] } as const
      const ways: readonly (readonly [ProtectOptions | undefined, sent: string, then: string, status: number])[] = [
        [undefined, 'OPTIONS', 'POST', 204],
        [undefined, 'POST', 'OPTIONS', 401],
        [{ preflight: 'pass' }, 'OPTIONS', 'POST', 401],
        [{ preflight: 'pass' }, 'POST', 'OPTIONS', 401],
        [{ optional: true }, 'POST', 'OPTIONS', 204],
      ]
      for (const [options, method, then, status] of ways) {
        const route = unreachable({ method: 'ALL' })
        const protect = { is: 'protect', server: server(), options } as const
        const client = await start([protect, { is: 'method', method: then }, guard, route])
        assert.deepEqual([options, method, (await forge(client, { method })).status], [options, method, status])
        assert.equal(route.calls(), 0)
      }
    },
  },
  {
    name: 'a method that is changed before protect counts',
    async work({ server, start }) {
      const route = unreachable({ method: 'ALL' })
      const protect = { is: 'protect', server: server() } as const
      const made = await start([{ is: 'method', method: 'POST' }, protect, route])
      assert.equal((await forge(made)).status, 401)
      const unmade = await start([{ is: 'method', method: 'OPTIONS' }, protect, route])
      assert.equal((await forge(unmade, { method: 'POST' })).status, 204)
      assert.equal(route.calls(), 0)
    },
  },
  {
    name: 'two servers in a row answer a preflight once, also where the first one lets it pass',
    async work({ server, start }) {
      const route = unreachable({ method: 'ALL' })
      const other = server({ audience: `${AUDIENCE}/other` })
      const client = await start([
        { is: 'protect', server: server(), options: { preflight: 'pass' } },
        { is: 'protect', server: other },
        route,
      ])
      assertAnswered(await forge(client))
      assert.equal(route.calls(), 0)
    },
  },
]
