import assert from 'node:assert/strict'
import { scope } from '@holdfast/core'
import type { ContractStep, MountStep } from './app.ts'
import type { Case } from './case.ts'
import { bearer } from './client.ts'
import { subject, unreachable, watched, whoami } from './world.ts'

const NESTINGS: readonly (readonly [MountStep['as'], MountStep['as']])[] = [
  ['router', 'router'],
  ['router', 'application'],
  ['application', 'router'],
  ['application', 'application'],
]

const nested = ([outer, inner]: (typeof NESTINGS)[number], steps: readonly ContractStep[]): MountStep => ({
  is: 'mount',
  path: '/v1',
  as: outer,
  steps: [{ is: 'mount', path: '/inner', as: inner, steps }],
})

/** Routers, applications inside applications, and paths that they cut. */
export const mounting: readonly Case[] = NESTINGS.flatMap((nesting): readonly Case[] => {
  const where = `a ${nesting[1]} in a ${nesting[0]}`
  return [
    {
      name: `protect in ${where} protects what is there, and nothing else`,
      async work({ as, server, start }) {
        const { server: spy, told } = watched(server())
        const inside = [{ is: 'protect', server: spy } as const, whoami({ path: '/orders', handle: subject })]
        const client = await start([nested(nesting, inside), whoami({ path: '/public', handle: () => open })])
        const token = bearer(as.opaque({ sub: 'alice' }))
        assert.deepEqual(
          [
            await client.get('/v1/inner/orders?page=2'),
            await client.get('/v1/inner/orders?page=2', token),
            await client.get('/public'),
          ].map(({ status, body }) => [status, body]),
          [
            [401, '{}'],
            [200, 'alice'],
            [200, 'open'],
          ],
        )
        assert.deepEqual(
          told.map(({ url }) => url),
          ['/v1/inner/orders?page=2', '/v1/inner/orders?page=2'],
        )
      },
    },
    {
      name: `a guard in ${where} knows what protect outside has found out`,
      async work({ as, server, start }) {
        const inside = [
          { is: 'guard', guards: [scope('a')] } as const,
          whoami({
            path: '/orders',
            handle: ({ auth, shown }) => ({ status: 200, text: String(shown('auth') === auth()) }),
          }),
        ]
        const client = await start([{ is: 'protect', server: server() }, nested(nesting, inside)])
        const reply = await client.get('/v1/inner/orders', bearer(as.opaque({ scope: 'a' })))
        assert.deepEqual([reply.status, reply.body], [200, 'true'])
        assert.equal((await client.get('/v1/inner/orders', bearer(as.opaque({ scope: 'b' })))).status, 403)
      },
    },
    {
      name: `a guard in ${where} without protect anywhere refuses`,
      async work({ as, start }) {
        const route = unreachable({ path: '/orders' })
        const client = await start([nested(nesting, [{ is: 'guard', guards: [scope('a')] }, route])])
        const { status } = await client.get('/v1/inner/orders', bearer(as.opaque({ scope: 'a' })))
        assert.deepEqual([status, route.calls()], [500, 0])
      },
    },
  ]
})

const open = { status: 200, text: 'open' }
