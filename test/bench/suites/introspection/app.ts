import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { answerMessages } from '../../http/child.ts'
import { expressApp } from '../../http/express-subjects.ts'
import { type Caller, callers, costOf } from './calls.ts'
import { expressSubjects } from './express-subjects.ts'
import type { AppMessage, CallCost, Endpoint } from './messages.ts'

// One process whose middleware is swapped by messages: two subjects then differ in nothing but themselves.

let endpoint: Endpoint
let fresh: number | undefined
let http: Server | undefined
let serve: RequestListener
let cpu: NodeJS.CpuUsage
let apps = new Map<string, RequestListener>()
let calling = new Map<string, Caller>()

/** Anew for every row: nobody has seen its tokens. @returns The port. */
async function start(message: AppMessage & { do: 'start' }): Promise<number> {
  http?.closeAllConnections()
  http?.close()
  endpoint = message.endpoint
  fresh = message.fresh
  apps = new Map()
  calling = new Map()
  http = createServer((request, response) => serve(request, response))
  http.keepAliveTimeout = 600_000 // a connection waits while others have their passes
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return (http.address() as AddressInfo).port
}

function use(subject: string): void {
  const app = apps.get(subject) ?? expressApp(expressSubjects[subject]!(endpoint, fresh), undefined)
  apps.set(subject, app)
  serve = app
  cpu = process.cpuUsage()
}

function account(): number {
  const { user, system } = process.cpuUsage(cpu)
  return user + system
}

function calls(message: AppMessage & { do: 'calls' }): Promise<CallCost> {
  const { subject } = message
  const caller = calling.get(subject) ?? callers[subject]!(endpoint)
  calling.set(subject, caller)
  return costOf(caller, message)
}

answerMessages((message: AppMessage) => {
  if (message.do === 'start') return start(message)
  if (message.do === 'use') return use(message.subject)
  return message.do === 'account' ? account() : calls(message)
})
