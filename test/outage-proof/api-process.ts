import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

import { onTestFinished } from 'vitest'

import type { calls } from './child.ts'

type Calls = typeof calls

/** A process of its own with an API in it. */
export interface ApiProcess {
  /** Calls a function of `child.ts` there. */
  call<Name extends keyof Calls>(
    name: Name,
    ...argument: Parameters<Calls[Name]>
  ): Promise<Awaited<ReturnType<Calls[Name]>>>
  /** What the API answers to a request with this token. */
  ask(token: string): Promise<{ readonly status: number; readonly reason?: string; readonly stale?: boolean }>
  /** Tokens whose revocation was said to be durable. */
  readonly durable: readonly string[]
  /** Ends it as a crash does: nothing more is run in it. */
  kill(): Promise<void>
}

interface Answered {
  readonly id?: number
  readonly result?: unknown
  readonly error?: string
  readonly durable?: string
}

/** @param program `child.ts`, bundled. */
export async function apiProcess(program: string): Promise<ApiProcess> {
  const child: ChildProcess = fork(program, { stdio: 'inherit', execArgv: [] })
  const waiting = new Map<number, (answer: Answered) => void>()
  const durable: string[] = []
  const exited = once(child, 'exit')
  let port = 0
  let ids = 0
  child.on('message', (answer: Answered) => {
    if (answer.durable !== undefined) durable.push(answer.durable)
    else waiting.get(answer.id!)?.(answer)
  })

  async function answerTo(id: number): Promise<unknown> {
    const gone = exited.then((): Answered => ({ error: 'the process ended' }))
    const { result, error } = await Promise.race([new Promise<Answered>((resolve) => waiting.set(id, resolve)), gone])
    waiting.delete(id)
    if (error !== undefined) throw new Error(error)
    return result
  }

  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await exited
  }

  onTestFinished(kill)
  await answerTo(0)
  return {
    async call(name, argument?: unknown) {
      ids += 1
      const answered = answerTo(ids)
      child.send({ id: ids, call: name, argument })
      const result = await answered
      if (name === 'start') port = result as number
      return result as never
    },
    async ask(token) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } })
      return { status: answer.status, ...((await answer.json()) as object) }
    },
    durable,
    kill,
  }
}
