import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Controls, NotNow } from '../controls.ts'
import { type Door, openDoor } from '../door.ts'
import type { LabState, Problem, Recording } from '../frame.ts'
import { bodyOf, COMMANDS, NoCommand } from './commands.ts'
import type { EventStream } from './events.ts'
import { serveFile } from './files.ts'
import { turnedAway } from './gate.ts'

export interface PageParts {
  readonly controls: Controls
  readonly events: EventStream
  readonly state: () => LabState
  readonly recording: () => Recording
}

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

/** Octets. */
const MAX_BODY = 4_096

/** The page, its events and its commands, for this machine only. */
export async function startPageServer(parts: PageParts, port: number): Promise<Door> {
  const door = await openDoor((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const problem = turnedAway(request, Number(new URL(door.url).port))
    if (problem !== undefined) return json(response, 403, { error: problem })
    answer(parts, request, response).catch((error: unknown) => fail(error, response))
  }, port)
  return door
}

async function answer(parts: PageParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]!
  const command = Object.hasOwn(COMMANDS, path) ? COMMANDS[path] : undefined
  if (request.method === 'POST' && command) {
    await command(parts.controls, bodyOf(await textOf(request)))
    return json(response, 200, parts.state())
  }
  if (request.method !== 'GET') return json(response, 405, { error: 'GET, or POST to a command' })
  if (path === '/events') return parts.events.join(request, response)
  if (path === '/state') return json(response, 200, parts.state())
  if (path === '/recording') {
    response.setHeader('content-disposition', 'attachment; filename="outage-lab.json"')
    return json(response, 200, parts.recording())
  }
  await serveFile(path, response)
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY) throw new NoCommand('the body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function fail(error: unknown, response: ServerResponse): void {
  const isTheirs = error instanceof NoCommand || error instanceof NotNow
  if (!isTheirs) console.error(error)
  if (response.headersSent) response.destroy()
  else json(response, isTheirs ? 400 : 500, { error: isTheirs ? error.message : 'a mistake of the laboratory' })
}

function json(response: ServerResponse, status: number, body: LabState | Recording | Problem): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
