import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse } from 'node:querystring'
import { text as textOf } from 'node:stream/consumers'
import { readinessOf } from '@holdfast/core'
import {
  addFields,
  authOf,
  createGate,
  createInnerGate,
  type Gate,
  isGone,
  maybeAuthOf,
  NodeRequest,
  seatOf,
  writeAnswer,
} from '@holdfast/core/adapter'
import type { AdapterHarness, ContractHandler, ContractStep } from '@holdfast/testing'
import { overHttp1, overHttp2, type Serve } from '../../packages/koa/test/serve.ts'

/** A request on its way through the steps. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What the client asked for. */
  readonly url: string
  /** What is left of its path below the mounts so far. */
  readonly path: string
  /** What a parser made of the request body. */
  readonly parsed: { body?: unknown }
}

/** Takes the exchange, or hands it on. What it throws is an error for the application. */
type Layer = (exchange: Exchange, next: () => Promise<void>) => Promise<void>

/** Core by itself, on `node:http`: what adapters are made of, and no framework. */
export const coreHarness: AdapterHarness = harnessOver(overHttp1)
/** The same on `node:http2`. */
export const coreHttp2Harness: AdapterHarness = harnessOver(overHttp2)

function harnessOver(serve: Serve): AdapterHarness {
  return {
    name: 'core',
    async start(app) {
      const { steps, onError, trustProxy = false } = app
      const layers = steps.map((step) => layerOf(step, trustProxy))
      return serve((request, response) => {
        const url = request.url!
        const exchange = { request, response, url, path: new URL(url, 'http://localhost').pathname, parsed: {} }
        run(layers, exchange, async () => write(response, 404, 'not found')).catch((error: unknown) => {
          const { status, text } = onError?.(error) ?? { status: 500, text: '' }
          if (response.headersSent) response.end()
          else write(response, status, text)
        })
      }, app)
    },
  }
}

async function run([first, ...rest]: readonly Layer[], exchange: Exchange, last: () => Promise<void>): Promise<void> {
  return first ? first(exchange, () => run(rest, exchange, last)) : last()
}

function layerOf(step: ContractStep, trustProxy: boolean): Layer {
  switch (step.is) {
    case 'protect':
      return entering(
        createGate(step.server, step.options ? [step.options, ...(step.guards ?? [])] : (step.guards ?? [])),
        trustProxy,
      )
    case 'guard':
      return entering(createInnerGate(step.guards), trustProxy)
    case 'headers':
      return ({ response }, next) => {
        for (const [name, value] of Object.entries(step.headers)) response.setHeader(name, value)
        return next()
      }
    case 'method':
      return ({ request }, next) => {
        request.method = step.method
        return next()
      }
    case 'begin':
      return async ({ response }, next) => {
        await new Promise((resolve) => response.writeHead(200).write(step.text, resolve))
        return next()
      }
    case 'form':
      return async ({ request, parsed }, next) => {
        if (/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')) {
          parsed.body = parse(await textOf(request))
        }
        return next()
      }
    case 'resourceMetadata':
      step.server.announceMetadata()
      return async (exchange, next) => {
        const answer = step.server.metadata?.answer(seen(exchange, trustProxy))
        if (answer) writeAnswer(exchange.response, answer, exchange.request.method)
        else await next()
      }
    case 'readiness':
      return async ({ request, response, path }, next) => {
        if (path === '/readyz') writeAnswer(response, readinessOf(step.server), request.method)
        else await next()
      }
    case 'route': {
      const inner = [...(step.through ?? []).map((one) => layerOf(one, trustProxy)), handling(step.handle)]
      const methods = { GET: ['GET', 'HEAD'], POST: ['POST'], OPTIONS: ['OPTIONS'], ALL: undefined }[step.method]
      return (exchange, next) => {
        const { request, path } = exchange
        const fits = path === step.path && (methods === undefined || methods.includes(request.method!))
        return fits ? run(inner, exchange, next) : next()
      }
    }
    case 'handler':
      return handling(step.handle)
    case 'mount':
      break
  }
  const inner = step.steps.map((one) => layerOf(one, trustProxy))
  return (exchange, next) => {
    if (!`${exchange.path}/`.startsWith(`${step.path}/`)) return next()
    return run(inner, { ...exchange, path: exchange.path.slice(step.path.length) || '/' }, next)
  }
}

function seen({ request, response, url, parsed: { body } }: Exchange, trustProxy: boolean): NodeRequest {
  const forwarded = (name: string): string | undefined =>
    trustProxy
      ? String(request.headers[name] ?? '')
          .split(',')
          .at(-1)
          ?.trim()
      : undefined
  const { socket } = request
  const ip = forwarded('x-forwarded-for') || socket.remoteAddress
  const secure = forwarded('x-forwarded-proto') === 'https' || (socket as { encrypted?: boolean }).encrypted === true
  return new NodeRequest(request, response, url, { ip, secure, body })
}

function entering(gate: Gate, trustProxy: boolean): Layer {
  return async (exchange, next) => {
    const { request, response } = exchange
    const passage = await gate.enter(request, seen(exchange, trustProxy))
    if (isGone(response)) return
    if (passage.is === 'pass') {
      addFields(response, passage.fields)
      return next()
    }
    if (passage.error && (passage.handOn || response.headersSent)) throw passage.error
    writeAnswer(response, passage.answer, request.method)
  }
}

function handling(handle: ContractHandler): Layer {
  return async ({ request, response }) => {
    const { status, text } = await handle({
      auth: () => authOf(request),
      maybeAuth: () => maybeAuthOf(request),
      shown: (name) => (seatOf(request)?.attach === name ? maybeAuthOf(request) : undefined),
      body: request,
    })
    write(response, status, request.method === 'HEAD' ? '' : text)
  }
}

function write(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(text)
}
