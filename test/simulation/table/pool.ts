import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What a thread answers to a job. */
export type WorkerAnswer<Result> = { readonly result: Result } | { readonly error: string }

export interface PoolOptions<Result> {
  /** What a thread runs; it answers each job that it is sent with a {@link WorkerAnswer}. */
  readonly program: URL
  readonly threads: number
  readonly onResult: (result: Result) => void
}

/** Does jobs in so many threads. Each depends on itself alone: neither the number of threads nor the order matters. */
export async function runAll<Result>(
  jobs: readonly object[],
  { program, threads, onResult }: PoolOptions<Result>,
): Promise<readonly Result[]> {
  const left = [...jobs]
  const results: Result[] = []

  async function thread(): Promise<void> {
    const worker = new Worker(program)
    try {
      for (let job = left.shift(); job !== undefined; job = left.shift()) {
        const answered = once(worker, 'message')
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
        worker.postMessage(job)
        const [answer] = (await answered) as [WorkerAnswer<Result>]
        if ('error' in answer) throw new Error(answer.error)
        results.push(answer.result)
        onResult(answer.result)
      }
    } catch (error) {
      left.length = 0
      throw error
    } finally {
      await worker.terminate()
    }
  }

  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, thread))
  return results
}
