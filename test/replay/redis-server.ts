import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'

export interface RedisServer {
  readonly port: number
  /** Ends it as a crash does. */
  stop(): Promise<void>
}

/** A Redis of its own, in memory, on a port that was free. @param path The program. */
export async function redisServer(path: string): Promise<RedisServer> {
  const port = await freePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server: ChildProcess = spawn(path, options, { stdio: 'ignore' })
  const exited = once(server, 'exit')
  await answering(port)
  return {
    port,
    async stop() {
      server.kill('SIGKILL')
      await exited
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Resolves once it answers; rejects after 10 s. */
async function answering(port: number): Promise<void> {
  const until = Date.now() + 10_000
  const reconnectStrategy = (): number | Error => (Date.now() < until ? 20 : new Error('Redis does not answer'))
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy } })
  client.on('error', () => undefined)
  await client.connect()
  client.destroy()
}
