import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createResourceServer, guard, protect, scope } from '@holdfast/express'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import express, { type Express, type RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import jwksRsa from 'jwks-rsa'
import Koa from 'koa'
import koaJwt from 'koa-jwt'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'

export const AUDIENCE = 'https://api.example.com'
/** What `GET /orders` asks for, where a peer has a way to ask. */
export const SCOPE = 'orders:read'

/** An API protected the way the library's own documentation shows: `/` for every good token, `/orders` for a scope. */
export interface Peer {
  readonly name: string
  /** Whether it checks scopes. */
  readonly scopes: boolean
  readonly start: (as: TestAuthorizationServer) => Promise<RunningPeer>
}

export interface RunningPeer {
  readonly origin: string
  readonly close: () => Promise<void>
}

export const peers: readonly Peer[] = [
  {
    name: 'holdfast',
    scopes: true,
    async start(as) {
      const server = createResourceServer(as.options({ introspection: false }))
      const app = express()
      app.use(protect(server))
      app.get('/orders', guard(scope(SCOPE)), served)
      app.use(served)
      const running = await listen(app)
      return {
        origin: running.origin,
        close: async () => {
          await running.close()
          await server.close()
        },
      }
    },
  },
  {
    name: 'express-oauth2-jwt-bearer',
    scopes: true,
    start: (as) =>
      onExpress((app) => {
        app.use(auth({ issuerBaseURL: as.issuer, audience: AUDIENCE }))
        app.get('/orders', requiredScopes(SCOPE), served)
      }),
  },
  {
    name: 'express-jwt + jwks-rsa',
    scopes: false,
    start: (as) =>
      onExpress((app) => {
        const secret = jwksRsa.expressJwtSecret({ jwksUri: keysOf(as), cache: true, rateLimit: true }) as never
        app.use(expressjwt({ secret, audience: AUDIENCE, issuer: as.issuer, algorithms: ['RS256'] }))
      }),
  },
  {
    name: 'passport-jwt + jwks-rsa',
    scopes: false,
    start: (as) =>
      onExpress((app) => {
        const own = new passport.Passport()
        own.use(
          new Strategy(
            {
              jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
              secretOrKeyProvider: jwksRsa.passportJwtSecret({ jwksUri: keysOf(as), cache: true, rateLimit: true }),
              issuer: as.issuer,
              audience: AUDIENCE,
              algorithms: ['RS256'],
            },
            (payload: object, done: (error: unknown, user?: object) => void) => done(null, payload),
          ),
        )
        app.use(own.authenticate('jwt', { session: false }) as RequestHandler)
      }),
  },
  {
    name: 'koa-jwt + jwks-rsa',
    scopes: false,
    start(as) {
      const app = new Koa()
      app.silent = true
      const secret = jwksRsa.koaJwtSecret({ jwksUri: keysOf(as), cache: true, rateLimit: true })
      app.use(koaJwt({ secret, audience: AUDIENCE, issuer: as.issuer, algorithms: ['RS256'] }))
      app.use((ctx) => {
        ctx.body = 'served'
      })
      const callback = app.callback()
      return listen((request, response) => void callback(request, response))
    },
  },
  {
    name: 'MCP requireBearerAuth + jose',
    scopes: true,
    start: (as) =>
      onExpress((app) => {
        const keys = createRemoteJWKSet(new URL(keysOf(as)))
        // What its guide leaves to the application: an error of the token is invalid_token, anything else is not.
        const verifier = {
          async verifyAccessToken(token: string) {
            try {
              const { payload } = await jwtVerify(token, keys, { issuer: as.issuer, audience: AUDIENCE })
              const scopes = typeof payload['scope'] === 'string' ? payload['scope'].split(' ') : []
              return { token, clientId: String(payload['client_id']), scopes, expiresAt: payload.exp ?? 0 }
            } catch (error) {
              if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) {
                throw new InvalidTokenError(error.message)
              }
              throw error
            }
          },
        }
        app.get('/orders', requireBearerAuth({ verifier, requiredScopes: [SCOPE] }), served)
        app.use(requireBearerAuth({ verifier }))
      }),
  },
]

const served: RequestHandler = (_request, response) => void response.send('served')

const keysOf = (as: TestAuthorizationServer): string => String(as.metadata['jwks_uri'])

function onExpress(build: (app: Express) => void): Promise<RunningPeer> {
  const app = express()
  app.set('env', 'test') // the default error handler then prints nothing
  build(app)
  app.use(served)
  return listen(app)
}

async function listen(listener: RequestListener): Promise<RunningPeer> {
  const http = createServer(listener)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
