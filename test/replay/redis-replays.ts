import type { ReplayMemory } from '@holdfast/core'
import { createClient } from 'redis'

/** A memory of proofs in Redis, for every process that names the same one. */
export interface RedisReplays extends ReplayMemory {
  close(): Promise<void>
}

export async function redisReplays(port: number): Promise<RedisReplays> {
  // Commands wait for no connection: nobody knows then, and the answer is 503.
  const client = createClient({ socket: { host: '127.0.0.1', port }, disableOfflineQueue: true })
  client.on('error', () => undefined)
  await client.connect()
  return {
    async consume(key, until) {
      const said = await client.set(`proof:${key}`, '1', {
        condition: 'NX',
        expiration: { type: 'PXAT', value: until },
      })
      return said === 'OK'
    },
    async close() {
      client.destroy()
    },
  }
}
