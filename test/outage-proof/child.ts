import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import {
  AuthError,
  clientSecretBasic,
  createResourceServer,
  type Duration,
  fileStore,
  type HoldfastEvent,
  type ResourceServer,
  type Revocation,
} from '@holdfast/core'
import { type TestClock, shiftedClock } from '@holdfast/testing'

/** What an API process is started with. */
export interface Start {
  readonly issuer: string
  readonly audience: string
  readonly client: { readonly id: string; readonly secret: string }
  readonly folder: string
  /** base64 */
  readonly key: string
  /** How far the clock is ahead of the machine's. */
  readonly shift: Duration
}

export interface Called {
  readonly id: number
  readonly call: keyof typeof calls
  readonly argument: never
}

let server: ResourceServer
let clock: TestClock
const events: HoldfastEvent[] = []

/** An API that says who calls it. */
const api = createServer((request, response) => {
  const finish = (status: number, headers: Readonly<Record<string, string>>, body: unknown): void => {
    response.writeHead(status, headers).end(JSON.stringify(body))
  }
  server.authenticate({ rawHeaders: request.rawHeaders }).then(
    ({ subject, evidence }) => finish(200, {}, { subject, stale: evidence.stale }),
    (error: unknown) => {
      const { status, headers, body } = server.answer(error)
      finish(status, headers, { body, reason: error instanceof AuthError ? error.reason : 'other' })
    },
  )
})

export const calls = {
  async start({ issuer, audience, client, folder, key, shift }: Start): Promise<number> {
    clock = shiftedClock()
    await clock.advance(shift)
    server = createResourceServer({
      issuers: [{ issuer, introspection: { client: clientSecretBasic(client.id, client.secret) } }],
      audience,
      allowInsecureLoopback: true,
      store: fileStore({ path: folder, key }),
      cache: { introspected: { persist: true } },
      observe: (event) => void events.push(event),
      ports: { clock },
    })
    await new Promise<void>((resolve) => void api.listen(0, '127.0.0.1', resolve))
    return (api.address() as AddressInfo).port
  },
  ready: async () => (await server.ready()).state,
  advance: async (by: Duration) => clock.advance(by),
  revoke: async (order: Revocation) => server.revoke(order),
  /** One after the other, told one by one. */
  revokeAll: async (tokens: readonly string[]) => {
    for (const token of tokens) {
      const { durable } = await server.revoke({ token })
      if (durable) process.send!({ durable: token })
    }
  },
  events: async () => JSON.stringify(events.splice(0)),
  /** No file of this process may become longer, as on a full disk; 0 takes that back. */
  limitFiles: async (bytes: number) =>
    void execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes || 'unlimited'}:`]),
  /** The superuser may write everywhere. */
  becomeNobody: async () => {
    if (process.getuid!() === 0) process.setuid!(65_534)
  },
  close: async () => {
    api.close()
    await server.close()
  },
} satisfies Record<string, (argument: never) => Promise<unknown>>

process.on('message', ({ id, call, argument }: Called) => {
  calls[call](argument).then(
    (result) => process.send!({ id, result }),
    (error: unknown) => process.send!({ id, error: String(error) }),
  )
})
process.send!({ id: 0 })
