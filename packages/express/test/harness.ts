import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { authOf, guard, maybeAuthOf, protect, readiness, resourceMetadata } from '@holdfast/express'
import type { AdapterHarness, ContractApp, ContractHandler, ContractStep, ProtectStep } from '@holdfast/testing'
import type { ErrorRequestHandler, Request, RequestHandler, Router } from 'express'
import express5 from 'express'
import express4 from 'express4'

/** Express in both majors: what the contract's applications use is spelt the same. */
const FRAMEWORKS = { 'express 4': express4 as unknown as typeof express5, 'express 5': express5 }

export const harnesses: readonly AdapterHarness[] = Object.entries(FRAMEWORKS).map(([name, express]) => ({
  name,
  async start({ steps, onError, trustProxy = false, onUpgrade, tls }) {
    const app = express()
    app.set('trust proxy', trustProxy ? 1 : false)
    app.set('env', 'test') // the default error handler shows all it has, and prints nothing
    add(express, app as unknown as Router, steps)
    if (onError) app.use(answering(onError))
    const http = tls ? createHttpsServer(tls, app as RequestListener) : createServer(app as RequestListener)
    if (onUpgrade) http.on('upgrade', onUpgrade)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    return {
      origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
      close: async () => {
        http.closeAllConnections()
        await new Promise((resolve) => http.close(resolve))
      },
    }
  },
}))

function add(express: typeof express5, to: Router, steps: readonly ContractStep[]): void {
  for (const step of steps) {
    switch (step.is) {
      case 'protect':
        to.use(protecting(step))
        break
      case 'guard':
        to.use(guard(...step.guards))
        break
      case 'headers':
        to.use((_request, response, next) => {
          response.set(step.headers)
          next()
        })
        break
      case 'method':
        to.use((request, _response, next) => {
          request.method = step.method
          next()
        })
        break
      case 'begin':
        to.use((_request, response, next) => {
          response.writeHead(200).write(step.text, () => next())
        })
        break
      case 'form':
        to.use(express.urlencoded({ extended: true }) as RequestHandler)
        break
      case 'resourceMetadata':
        to.use(resourceMetadata(step.server))
        break
      case 'readiness':
        to.get('/readyz', readiness(step.server))
        break
      case 'route': {
        const through = (step.through ?? []).map((one): RequestHandler =>
          one.is === 'guard' ? guard(...one.guards) : protecting(one),
        )
        to[METHODS[step.method]](step.path, ...through, handling(step.handle))
        break
      }
      case 'handler':
        to.use(handling(step.handle))
        break
      case 'mount': {
        const inner = step.as === 'router' ? express.Router() : (express() as unknown as Router)
        add(express, inner, step.steps)
        to.use(step.path, inner)
        break
      }
    }
  }
}

const METHODS = { GET: 'get', POST: 'post', OPTIONS: 'options', ALL: 'all' } as const

const protecting = ({ server, options, guards = [] }: ProtectStep): RequestHandler =>
  options ? protect(server, options, ...guards) : protect(server, ...guards)

/** Express 4 hears of no rejection: applications pass it to `next`, and so does this one. What is thrown is thrown. */
function handling(handle: ContractHandler): RequestHandler {
  return (request, response, next) => {
    const reply = handle({
      auth: () => authOf(request),
      maybeAuth: () => maybeAuthOf(request),
      shown: (name) => (request as Request & Record<string, unknown>)[name],
      body: request,
    })
    void Promise.resolve(reply).then(({ status, text }) => response.status(status).type('text').send(text), next)
  }
}

function answering(onError: NonNullable<ContractApp['onError']>): ErrorRequestHandler {
  return (error, _request, response, next) => {
    const { status, text } = onError(error)
    if (response.headersSent) return next(error)
    response.status(status).type('text').send(text)
  }
}
