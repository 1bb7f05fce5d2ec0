import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { answerMessages } from './child.ts'
import { expressApp, expressSubjects } from './express-subjects.ts'
import { Stopwatch } from './inside.ts'
import { koaApp, koaSubjects } from './koa-subjects.ts'
import type { Account, Authority, Framework, ServerMessage } from './messages.ts'

// One process whose middleware is swapped by messages: two subjects then differ in nothing but themselves.

const stopwatch = new Stopwatch()
/** The applications of a row, by subject. */
let apps = new Map<string, RequestListener>()
let http: Server | undefined
let started: { readonly framework: Framework; readonly authority: Authority }
let serve: RequestListener
let cpu: NodeJS.CpuUsage

/** Anew for every row: nobody has seen its tokens. @returns The port. */
async function start(framework: Framework, authority: Authority): Promise<number> {
  http?.closeAllConnections()
  http?.close()
  apps = new Map()
  started = { framework, authority }
  http = createServer((request, response) => serve(request, response))
  http.keepAliveTimeout = 600_000 // a connection waits while others have their rounds
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return (http.address() as AddressInfo).port
}

async function use(subject: string, timed: boolean): Promise<void> {
  const app = apps.get(subject) ?? (await build(subject, timed ? stopwatch : undefined))
  apps.set(subject, app)
  serve = app
  stopwatch.take()
  cpu = process.cpuUsage()
}

async function build(subject: string, watch: Stopwatch | undefined): Promise<RequestListener> {
  const { framework, authority } = started
  if (framework === 'Koa 3') return koaApp(await koaSubjects[subject]!(authority), watch)
  return expressApp(await expressSubjects[subject]!(authority), watch)
}

function account(): Account {
  const { user, system } = process.cpuUsage(cpu)
  return { cpuMicros: user + system, insideMicros: stopwatch.take() }
}

answerMessages((message: ServerMessage) => {
  if (message.do === 'start') return start(message.framework, message.authority)
  if (message.do === 'use') return use(message.subject, message.timed)
  return account()
})
