import { createResourceServer } from '@holdfast/core'
import { expect, it } from 'vitest'
import { testAuthorizationServer } from '../../src/index.ts'

const audience = 'https://api.example.com'

it('counts the requests to each endpoint', async () => {
  const as = await testAuthorizationServer({ audience })
  const server = createResourceServer(as.options())
  const token = as.jwt()
  await Promise.all(Array.from({ length: 100 }, () => server.verify(token)))
  await server.verify(as.opaque())
  expect(as.calls.counts).toEqual({ metadata: 1, keys: 1, introspection: 1 })
  expect([as.calls.metadata, as.calls.keys, as.calls.introspection, as.calls.total]).toEqual([1, 1, 1, 3])
})

it('records method, path, headers and parameters', async () => {
  const as = await testAuthorizationServer({ audience })
  const token = as.opaque()
  await createResourceServer(as.options()).verify(token)
  expect(as.calls.to('introspection')).toEqual([
    {
      endpoint: 'introspection',
      method: 'POST',
      path: '/introspect',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from('test-resource-server:test-secret').toString('base64')}`,
      },
      parameters: { token, token_type_hint: 'access_token' },
      at: as.clock.wall(),
    },
  ])
})

it('counts attempts in an outage', async () => {
  const as = await testAuthorizationServer({ audience })
  as.outage()
  await createResourceServer(as.options()).verify(as.jwt())
  expect(as.calls.counts).toEqual({ metadata: 1, keys: 0, introspection: 0 })
})

it('forgets on demand', async () => {
  const as = await testAuthorizationServer({ audience })
  await createResourceServer(as.options()).verify(as.jwt())
  as.calls.clear()
  expect([as.calls.total, as.calls.keys, as.calls.all.length]).toEqual([0, 0, 0])
})
