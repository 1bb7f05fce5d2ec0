import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { AuthError, type AuthRequest, createResourceServer, type ResourceServer } from '../src/index.ts'
import { ISSUER, jwkFor, tokenOf } from './support/jwt.ts'

const AUDIENCE = 'https://api.example'
const now = Math.floor(Date.now() / 1_000)
const claims = { aud: AUDIENCE, iat: now, exp: now + 300 }

const requestOf = (socket: Socket, token: string): AuthRequest => ({
  rawHeaders: ['authorization', `Bearer ${token}`],
  socket,
})

function world(): { server: ResourceServer; over: (socket: Socket, token: string) => Promise<unknown> } {
  const server = createResourceServer({
    issuers: [{ issuer: ISSUER, jwt: { keys: { keys: [jwkFor('ES256')] }, profile: 'jwt' } }],
    audience: AUDIENCE,
  })
  return {
    server,
    async over(socket, token) {
      const request = requestOf(socket, token)
      const found = server.tryAuthenticate(request) ?? (await server.authenticate(request))
      return found instanceof AuthError ? found.reason : found.subject
    },
  }
}

describe('a token that comes again over its connection', () => {
  test('is accepted again', async () => {
    const { over } = world()
    const socket = new Socket()
    const token = tokenOf({ claims: { ...claims, sub: 'ada' } })
    expect([await over(socket, token), await over(socket, token)]).toEqual(['ada', 'ada'])
  })

  test('is refused once it is revoked', async () => {
    const { server, over } = world()
    const socket = new Socket()
    const token = tokenOf({ claims: { ...claims, sub: 'ada' } })
    await over(socket, token)
    await server.revoke({ token })
    expect(await over(socket, token)).toBe('token_revoked')
  }) // NG-117

  test('is verified anew once it is forgotten', async () => {
    const { server, over } = world()
    const socket = new Socket()
    const token = tokenOf({ claims: { ...claims, sub: 'ada' } })
    await over(socket, token)
    server.invalidate(token)
    const found = await server.authenticate({ rawHeaders: ['authorization', `Bearer ${token}`], socket })
    expect(found).toMatchObject({ evidence: { source: 'live' } })
  })

  test('is not taken for another one, whoever shares the connection', async () => {
    const { over } = world()
    const socket = new Socket()
    const ada = tokenOf({ claims: { ...claims, sub: 'ada' } })
    const bob = tokenOf({ claims: { ...claims, sub: 'bob' } })
    const said: unknown[] = []
    for (const token of [ada, `${ada.slice(0, -1)}!`, bob, ada]) said.push(await over(socket, token))
    expect(said).toEqual(['ada', 'token_malformed', 'bob', 'ada'])
  })
})

const busy = (): { server: ResourceServer; request: (sub: string) => AuthRequest } => ({
  server: createResourceServer({
    issuers: [{ issuer: ISSUER, jwt: { keys: { keys: [jwkFor('ES384')] }, profile: 'jwt', algorithms: ['ES384'] } }],
    audience: AUDIENCE,
  }),
  request: (sub) => ({
    rawHeaders: ['authorization', `Bearer ${tokenOf({ algorithm: 'ES384', claims: { ...claims, sub } })}`],
  }),
})

describe('a request that takes waiting', () => {
  test('is taken up where it was left, and by nobody else', async () => {
    const { server, request } = busy()
    const [ada, bob] = [request('ada'), request('bob')]
    expect([server.tryAuthenticate(ada), server.tryAuthenticate(bob)]).toEqual([undefined, undefined])
    const contexts = await Promise.all([server.authenticate(ada), server.authenticate(bob)])
    expect(contexts.map(({ subject }) => subject)).toEqual(['ada', 'bob'])
  })

  test('is refused where it was revoked in between', async () => {
    const { server, request } = busy()
    const ada = request('ada')
    expect(server.tryAuthenticate(ada)).toBeUndefined()
    await server.revoke({ token: ada.rawHeaders[1]!.slice('Bearer '.length) })
    await expect(server.authenticate(ada)).rejects.toMatchObject({ reason: 'token_revoked' })
  })
})
