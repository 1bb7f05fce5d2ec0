import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

type Reply = { readonly value: unknown } | { readonly error: string }

/** Milliseconds for what should take none. */
const PATIENCE = 30_000

/** A process that answers messages, one at a time. */
export class Child {
  readonly #process: ChildProcess
  #settle: ((reply: Reply) => void) | undefined
  #gone: string | undefined

  /** @param core The only one it may use; `undefined` for any. */
  constructor(file: URL, core: number | undefined) {
    const node = [process.execPath, fileURLToPath(file)]
    const [command, ...rest] = core === undefined ? node : ['taskset', '-c', String(core), ...node]
    this.#process = spawn(command!, rest, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
    })
    this.#process.on('message', (reply: Reply) => this.#settle?.(reply))
    this.#process.on('error', (error) => this.#lose(error.message))
    this.#process.on('exit', (code, signal) => this.#lose(`it ended (${signal ?? code})`))
  }

  /** @param patience Milliseconds. @throws {Error} what went wrong in the child, or that it said nothing in time. */
  async ask<T>(message: object, patience: number = PATIENCE): Promise<T> {
    const reply = await new Promise<Reply>((resolve) => {
      const timer = setTimeout(() => this.#settle?.({ error: `no answer within ${patience} ms` }), patience)
      this.#settle = (settled) => {
        clearTimeout(timer)
        this.#settle = undefined
        resolve(settled)
      }
      if (this.#gone !== undefined) this.#settle({ error: this.#gone })
      else this.#process.send(message, (error) => error && this.#lose(error.message))
    })
    if ('error' in reply) throw new Error(`bench child: ${reply.error}`)
    return reply.value as T
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null || this.#process.pid === undefined) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }

  #lose(why: string): void {
    this.#gone ??= why
    this.#settle?.({ error: why })
  }
}

/** The other side: answers every message, and ends with the process that asks. */
export function answerMessages(answer: (message: never) => unknown): void {
  process.once('disconnect', () => process.exit())
  process.on('message', (message) => {
    void Promise.resolve(message as never)
      .then(answer)
      .then(
        (value) => process.send?.({ value }),
        (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
      )
  })
}

/** A core for the server and one for the load; `undefined` where processes cannot be kept apart. */
export function twoCores(): readonly [server: number, load: number] | undefined {
  if (availableParallelism() < 2) return undefined
  const [first, second] = [0, 1, 2, 3, 4, 5, 6, 7].filter(mayUse)
  return first === undefined || second === undefined ? undefined : [first, second]
}

function mayUse(core: number): boolean {
  return spawnSync('taskset', ['-c', String(core), 'true'], { stdio: 'ignore' }).status === 0
}
