import { bearerToken, clientSecretBasic, clientSecretPost, createResourceServer, unauthenticated } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { type TestAuthorizationServer, testAuthorizationServer } from '../../src/index.ts'

const audience = 'https://api.example.com'
const client = { id: 'orders api', secret: 'ü+%: "secret"' }

/** How introspection ends for a resource server with this client authentication. */
async function outcome(
  as: TestAuthorizationServer,
  authentication = clientSecretBasic(as.client.id, as.client.secret),
) {
  const server = createResourceServer(
    as.options({ introspection: { client: authentication }, observe: () => undefined }),
  )
  const result = await server.verify(as.opaque())
  return result.outcome === 'valid' ? 'valid' : result.reason
}

describe('client authentication at the introspection endpoint', () => {
  it('takes client_secret_basic, form-decoded', async () => {
    expect(await outcome(await testAuthorizationServer({ audience, client }))).toBe('valid')
  })

  it('takes client_secret_post', async () => {
    const as = await testAuthorizationServer({ audience, client })
    expect(await outcome(as, clientSecretPost(client.id, client.secret))).toBe('valid')
  })

  it('refuses a wrong secret with 401 invalid_client', async () => {
    const as = await testAuthorizationServer({ audience, client })
    expect(await outcome(as, clientSecretBasic(client.id, 'wrong'))).toBe('introspection_misconfigured')
  })

  it('refuses a client without credentials', async () => {
    const as = await testAuthorizationServer({ audience })
    expect(await outcome(as, unauthenticated())).toBe('introspection_misconfigured')
  })

  it('takes anyone where it is told to, and its options say so', async () => {
    const as = await testAuthorizationServer({ audience, client: 'none' })
    expect(await createResourceServer(as.options()).verify(as.opaque())).toMatchObject({ outcome: 'valid' })
  })

  it('leaves the decision to a function', async () => {
    const as = await testAuthorizationServer({
      audience,
      client: ({ headers }) => headers['authorization'] === 'Bearer of-our-own',
    })
    expect(await outcome(as, bearerToken('of-our-own'))).toBe('valid')
    expect(await outcome(as)).toBe('introspection_misconfigured')
  })

  it('refuses everyone after rejectClient(), until it recovers', async () => {
    const as = await testAuthorizationServer({ audience })
    as.rejectClient()
    expect(await outcome(as)).toBe('introspection_misconfigured')
    as.recover()
    expect(await outcome(as)).toBe('valid')
  })

  it('expects the new secret after setClientSecret()', async () => {
    const as = await testAuthorizationServer({ audience })
    const old = createResourceServer(as.options({ observe: () => undefined }))
    as.setClientSecret('rotated')
    expect(await old.verify(as.opaque())).toMatchObject({ reason: 'introspection_misconfigured' })
    expect(await createResourceServer(as.options()).verify(as.opaque())).toMatchObject({ outcome: 'valid' })
  })
})
