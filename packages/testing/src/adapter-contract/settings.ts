import assert from 'node:assert/strict'
import type { Case } from './case.ts'
import { bearer } from './client.ts'
import { unreachable, whoami } from './world.ts'

const FORM = ['content-type', 'application/x-www-form-urlencoded']

/** What a server is told about requests, where the framework knows more than Node does. */
export const settings: readonly Case[] = [
  {
    name: 'credentials.form reads what the parser of the framework has read',
    async work({ as, server, start }) {
      const client = await start([
        { is: 'form' },
        { is: 'protect', server: server({ credentials: { form: true } }) },
        whoami({ method: 'POST' }),
      ])
      const token = as.opaque({ sub: 'alice' })
      const post = async (body: string): Promise<unknown> => {
        const { status, body: text } = await client.send({ method: 'POST', path: '/whoami', headers: FORM, body })
        return status === 200 ? text : status
      }
      assert.equal(await post(`access_token=${token}`), 'alice')
      assert.equal(await post(`access_token=${token}&access_token=${token}`), 400)
      assert.equal(await post('name=alice'), 401)
    },
  },
  {
    name: 'requireHttps refuses plain http, and believes a proxy where the framework does',
    async work({ as, server, start }) {
      const secured = server({ requireHttps: true })
      const steps = [{ is: 'protect', server: secured } as const, whoami()]
      const direct = await start(steps)
      const proxied = await start({ steps, trustProxy: true })
      const token = bearer(as.opaque())
      const forwarded = [...token, 'x-forwarded-proto', 'https']
      const statuses = []
      for (const [client, headers] of [
        [direct, token],
        [direct, forwarded],
        [proxied, token],
        [proxied, forwarded],
      ] as const)
        statuses.push((await client.get('/whoami', headers)).status)
      assert.deepEqual(statuses, [400, 400, 400, 200])
    },
  },
  {
    name: 'cors.expose adds names to those that are there',
    async work({ server, start }) {
      const client = await start([
        { is: 'headers', headers: { 'access-control-expose-headers': 'X-A, www-authenticate' } },
        { is: 'protect', server: server({ cors: { expose: true } }) },
        unreachable(),
      ])
      const { lines } = await client.get('/whoami')
      assert.deepEqual(lines('access-control-expose-headers'), ['X-A, www-authenticate, Retry-After'])
    },
  },
]
