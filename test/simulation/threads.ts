import { plan, type PlanJob } from './plan/plan.ts'
import { smallRuns, type SmallRunsJob } from './random/many.ts'
import { record, type RecordJob } from './report/record.ts'
import { runAll, type WorkerAnswer } from './table/pool.ts'

/** What a thread can be asked for beside the runs of the table. */
export type Task =
  | { readonly is: 'small runs'; readonly job: SmallRunsJob }
  | { readonly is: 'plan'; readonly job: PlanJob }
  | { readonly is: 'record'; readonly job: RecordJob }

/** A task and its place among all. */
export type TaskMessage = Task & { readonly place: number }

interface Placed {
  readonly place: number
  readonly value: unknown
}

/** What a thread answers. */
export function perform(task: TaskMessage): Promise<WorkerAnswer<Placed>> {
  return valueOf(task).then(
    (value) => ({ result: { place: task.place, value } }),
    (error: unknown) => ({
      error: `${task.is}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    }),
  )
}

function valueOf(task: Task): Promise<unknown> {
  if (task.is === 'small runs') return smallRuns(task.job)
  return task.is === 'plan' ? plan(task.job) : record(task.job)
}

export interface ThreadOptions<T> {
  /** The program that answers each task with {@link perform}. */
  readonly program: URL
  readonly threads: number
  readonly done?: (value: T) => void
}

/** Does these tasks in threads. The results stand in the order of the tasks. */
export async function inThreads<T>(
  tasks: readonly Task[],
  { program, threads, done }: ThreadOptions<T>,
): Promise<readonly T[]> {
  const messages = tasks.map((task, place): TaskMessage => ({ ...task, place }))
  const onResult = ({ value }: Placed): void => done?.(value as T)
  const placed = await runAll<Placed>(messages, { program, threads, onResult })
  return placed.toSorted((one, other) => one.place - other.place).map(({ value }) => value as T)
}
