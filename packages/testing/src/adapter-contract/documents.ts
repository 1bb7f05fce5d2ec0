import assert from 'node:assert/strict'
import { scope } from '@holdfast/core'
import type { ContractStep } from './app.ts'
import type { Case } from './case.ts'
import { bearer } from './client.ts'
import { AUDIENCE, REALM, unreachable, whoami, withDpop } from './world.ts'

const PATH = '/.well-known/oauth-protected-resource'
const NAMED = `resource_metadata="${AUDIENCE}${PATH}"`

const MOUNTS = {
  'before protect': (document, protect) => [document, protect],
  'after protect': (document, protect) => [protect, document],
  'below a path, after protect': (document, protect) => [
    protect,
    { is: 'mount', path: '/.well-known', as: 'application', steps: [document] },
  ],
} satisfies Record<string, (document: ContractStep, protect: ContractStep) => readonly ContractStep[]>

/** The metadata document (RFC 9728), and probes. */
export const documents: readonly Case[] = [
  ...Object.entries(MOUNTS).map(([where, order]): Case => ({
    name: `the metadata document is public, mounted ${where}, and every challenge names it`,
    async work({ as, server, start }) {
      const catchAll = unreachable({ path: PATH })
      const resource = server({ resourceMetadata: { scopesSupported: ['a'] } })
      const steps = order(
        { is: 'resourceMetadata', server: resource },
        { is: 'protect', server: resource, guards: [scope('a')] },
      )
      const client = await start([...steps, whoami(), catchAll])
      const document = await client.get(PATH)
      assert.equal(document.status, 200)
      assert.equal(document.headers['content-type'], 'application/json')
      assert.equal(document.headers['access-control-allow-origin'], '*')
      assert.deepEqual(JSON.parse(document.body), {
        resource: AUDIENCE,
        authorization_servers: [as.issuer],
        bearer_methods_supported: ['header'],
        scopes_supported: ['a'],
        dpop_signing_alg_values_supported: ['ES256', 'Ed25519', 'PS256', 'RS256'],
      })

      const head = await client.send({ method: 'HEAD', path: PATH })
      assert.deepEqual([head.status, head.body, head.headers.etag], [200, '', document.headers.etag])
      assert.equal(head.headers['content-length'], document.headers['content-length'])
      const known = await client.get(PATH, ['if-none-match', document.headers.etag ?? ''])
      assert.deepEqual([known.status, known.body], [304, ''])
      const post = await client.send({ method: 'POST', path: PATH })
      assert.deepEqual([post.status, post.headers.allow, post.body], [405, 'GET, HEAD, OPTIONS', ''])
      assert.equal(post.headers['content-type'], undefined)
      const options = await client.send({ method: 'OPTIONS', path: PATH })
      assert.deepEqual([options.status, options.headers['access-control-allow-origin']], [204, '*'])
      assert.equal(catchAll.calls(), 0)

      assert.equal(
        (await client.get('/whoami')).headers['www-authenticate'],
        withDpop(`Bearer ${REALM}, scope="a", ${NAMED}`),
      )
      const refused = [['authorization', 'Bearer'], bearer('never-issued'), bearer(as.opaque())]
      for (const headers of refused)
        assert.ok((await client.get('/whoami', headers)).headers['www-authenticate']?.includes(NAMED))
    },
  })),
  {
    name: 'without a metadata document no challenge names one, and its path is guarded like any other',
    async work({ server, start }) {
      const route = unreachable({ path: PATH })
      const client = await start([{ is: 'protect', server: server() }, route])
      const { status, headers } = await client.get(PATH)
      assert.deepEqual([status, headers['www-authenticate'], route.calls()], [401, withDpop(`Bearer ${REALM}`), 0])
    },
  },
  {
    name: 'readiness says 503 while nothing can be judged, and 200 while anything can, an outage notwithstanding',
    async work({ as, server, start }) {
      const resource = server()
      const client = await start([{ is: 'readiness', server: resource }])
      const probe = async (): Promise<readonly [number, string]> => {
        const { status, body, headers } = await client.get('/readyz')
        assert.deepEqual([headers['content-type'], headers['cache-control']], ['application/json', 'no-store'])
        return [status, body]
      }
      assert.deepEqual(await probe(), [503, '{"state":"cold"}'])
      await resource.ready()
      assert.deepEqual(await probe(), [200, '{"state":"fresh"}'])
      as.outage()
      assert.equal((await probe())[0], 200)
      const head = await client.send({ method: 'HEAD', path: '/readyz' })
      assert.deepEqual([head.status, head.body], [200, ''])
    },
  },
]
