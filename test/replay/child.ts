import { AuthError, clientSecretBasic, createResourceServer } from '@holdfast/core'
import { redisReplays } from './redis-replays.ts'

/** What a process is told: where everything is, and which request it gets how often at once. */
export interface Flood {
  readonly issuer: string
  readonly audience: string
  readonly client: { readonly id: string; readonly secret: string }
  readonly redis: number
  readonly fields: readonly string[]
  readonly times: number
}

/** How many of them were answered how. */
export type Outcomes = Readonly<Record<string, number>>

process.on('message', (message: Flood | 'now') => {
  if (message !== 'now') void prepare(message)
})

async function prepare({ issuer, audience, client, redis, fields, times }: Flood): Promise<void> {
  const memory = await redisReplays(redis)
  const server = createResourceServer({
    issuers: [{ issuer, introspection: { client: clientSecretBasic(client.id, client.secret) } }],
    audience,
    allowInsecureLoopback: true,
    dpop: { replay: { memory } },
    // All of them wait at once, for one connection and one thread pool.
    resilience: { wait: '30s', introspectionDeadline: '30s' },
  })
  await server.ready()
  const request = { method: 'GET', url: '/', rawHeaders: fields }
  async function flood(): Promise<void> {
    const outcomes: Record<string, number> = {}
    await Promise.all(
      Array.from({ length: times }, async () => {
        const outcome = await server.authenticate(request).then(
          () => 'accepted',
          (error: unknown) => (error instanceof AuthError ? error.reason : 'other'),
        )
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      }),
    )
    await Promise.all([server.close(), memory.close()])
    process.send!(outcomes, () => process.disconnect())
  }
  process.once('message', () => void flood())
  process.send!('ready')
}
