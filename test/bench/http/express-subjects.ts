import type { RequestListener } from 'node:http'
import { createResourceServer, protect } from '@holdfast/express'
import express, { type RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import jwksRsa from 'jwks-rsa'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { awsJwtVerify, fastJwt, tokenOf } from './by-hand.ts'
import type { Stopwatch } from './inside.ts'
import type { Authority } from './messages.ts'

type Build = (authority: Authority) => RequestHandler | undefined | Promise<RequestHandler>

/** Middleware for Express, each set up as its own documentation shows. `undefined`: none at all. */
export const expressSubjects: Readonly<Record<string, Build>> = {
  bare: () => undefined,
  'no-op': () => (_request, _response, next) => next(),
  'no-op again': () => (_request, _response, next) => next(),
  'reading the header': () => (request, _response, next) => {
    tokenOf(request.headers.authorization)
    next()
  },
  holdfast: ({ issuer, audience }) => protect(createResourceServer({ issuer, audience, allowInsecureLoopback: true })),
  'express-oauth2-jwt-bearer': ({ issuer, audience }) => auth({ issuerBaseURL: issuer, audience }),
  'express-jwt': ({ issuer, audience, jwksUri }) => {
    const secret = jwksRsa.expressJwtSecret({ jwksUri, cache: true, rateLimit: true }) as never
    return expressjwt({ secret, audience, issuer, algorithms: ['RS256'] }) as RequestHandler
  },
  'passport-jwt': ({ issuer, audience, jwksUri }) => {
    const own = new passport.Passport()
    const secretOrKeyProvider = jwksRsa.passportJwtSecret({ jwksUri, cache: true, rateLimit: true })
    const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
    own.use(
      new Strategy(
        { jwtFromRequest, secretOrKeyProvider, issuer, audience, algorithms: ['RS256'] },
        (payload: object, done: (error: unknown, user?: object) => void) => done(null, payload),
      ),
    )
    return own.authenticate('jwt', { session: false }) as RequestHandler
  },
  'aws-jwt-verify': async (authority) => {
    const verify = await awsJwtVerify(authority)
    return async (request, response, next) => {
      try {
        Object.assign(request, { auth: await verify(tokenOf(request.headers.authorization)) })
      } catch {
        response.status(401).end()
        return
      }
      next()
    }
  },
  'fast-jwt': async (authority) => synchronous(await fastJwt(authority, { cached: false })),
  'fast-jwt cached': async (authority) => synchronous(await fastJwt(authority, { cached: true })),
}

function synchronous(verify: (token: string) => unknown): RequestHandler {
  return (request, response, next) => {
    try {
      Object.assign(request, { auth: verify(tokenOf(request.headers.authorization)) })
    } catch {
      response.status(401).end()
      return
    }
    next()
  }
}

/** @param stopwatch Takes the time from the call of the middleware until it calls `next`. */
export function expressApp(middleware: RequestHandler | undefined, stopwatch: Stopwatch | undefined): RequestListener {
  const app = express()
  app.set('env', 'test') // the default error handler then prints nothing
  if (middleware) app.use(stopwatch ? timed(middleware, stopwatch) : middleware)
  app.use((_request, response) => {
    response.json({ served: true })
  })
  return app
}

function timed(middleware: RequestHandler, stopwatch: Stopwatch): RequestHandler {
  return (request, response, next) => {
    // Node makes `headers` when it is first asked for, which Express does in any case: no middleware is charged for it.
    void request.headers
    const start = performance.now()
    const handOn = (error?: unknown): void => {
      stopwatch.add((performance.now() - start) * 1_000)
      next(error)
    }
    void middleware(request, response, handOn)
  }
}
