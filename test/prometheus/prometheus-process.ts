import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

export interface PrometheusOptions {
  /** What is scraped, at `/metrics`: host and port, by job. */
  readonly targets: Readonly<Record<string, string>>
  /** Files of rules, by name. */
  readonly rules: ReadonlyMap<string, string>
}

/** A real Prometheus that scrapes twice a second, and evaluates its rules five times. What is waited for has 30 s. */
export interface Prometheus {
  /** The alerts of a job that have fired since the start, by name. */
  fired(job: string): Promise<readonly string[]>
  /** Waits until these alerts of a job fire, whatever else does. @throws {Error} that says what fires instead. */
  fires(job: string, alerts: readonly string[]): Promise<void>
  /** Waits until these alerts of a job fire and no other. @throws {Error} that says what fires instead. */
  settles(job: string, alerts: readonly string[]): Promise<void>
  /** Waits until an expression has a value. @throws {Error} when it has none for too long. */
  holds(expr: string): Promise<void>
  close(): Promise<void>
}

interface Answer<T> {
  readonly data: T
}
interface Sample {
  readonly metric: Readonly<Record<string, string>>
}

const CONFIG = { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '200ms' }
const POLL_MS = 100
const PATIENCE_MS = 30_000

export async function startPrometheus(program: string, { targets, rules }: PrometheusOptions): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-prometheus-'))
  for (const [name, text] of rules) writeFileSync(join(folder, name), text)
  const jobs = Object.entries(targets).map(([job, target]) => ({
    job_name: job,
    static_configs: [{ targets: [target] }],
  }))
  const config = { global: CONFIG, rule_files: [...rules.keys()], scrape_configs: jobs }
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config)) // which is YAML
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const address = `http://${await addressOf(child)}`
  const api = `${address}/api/v1`
  // It listens before it can answer, and scrapes only then: an alert that waits for a rise must see what was before.
  await until(
    'Prometheus to be ready',
    async () => [String((await fetch(`${address}/-/ready`)).status)],
    ([status]) => status === '200',
  )

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(`${api}/${path}`)
    if (!response.ok) throw new Error(`Prometheus answers ${response.status}: ${await response.text()}`)
    return ((await response.json()) as Answer<T>).data
  }
  const query = async (expr: string): Promise<readonly Sample[]> =>
    (await get<{ result: readonly Sample[] }>(`query?query=${encodeURIComponent(expr)}`)).result
  const names = async (expr: string): Promise<readonly string[]> =>
    (await query(`group by (alertname) (${expr})`)).map(({ metric }) => metric['alertname']!).toSorted()

  const firing = (job: string): Promise<readonly string[]> => names(`ALERTS{alertstate="firing",job="${job}"}`)
  return {
    fired: (job) => names(`max_over_time(ALERTS{alertstate="firing",job="${job}"}[10m])`),
    fires: (job, alerts) =>
      until(
        `"${alerts.join(' ')}" of ${job}`,
        () => firing(job),
        (seen) => alerts.every((name) => seen.includes(name)),
      ),
    settles: (job, alerts) =>
      until(
        `"${alerts.join(' ')}" alone of ${job}`,
        () => firing(job),
        (seen) => seen.length === alerts.length && alerts.every((name) => seen.includes(name)),
      ),
    holds: (expr) =>
      until(
        expr,
        async () => (await query(expr)).map(() => 'a value'),
        (seen) => seen.length > 0,
      ),
    async close() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Looks until it sees what is waited for. */
async function until(
  what: string,
  see: () => Promise<readonly string[]>,
  isIt: (seen: readonly string[]) => boolean,
): Promise<void> {
  let seen: readonly string[] = []
  for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
    seen = await see()
    if (isIt(seen)) return
    await pause(POLL_MS)
  }
  throw new Error(`waited in vain for ${what}; there is "${seen.join(' ')}"`)
}

/** Where it listens, as it says when it does. @throws {Error} with all that it said, when it ends before. */
async function addressOf(child: ChildProcess): Promise<string> {
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr! })) {
    said.push(line)
    const [, address] = /msg="Listening on".* address=(\S+)/.exec(line) ?? []
    if (address === undefined) continue
    child.stderr!.resume() // what it says later is read, and not kept
    return address
  }
  throw new Error(`Prometheus did not start:\n${said.join('\n')}`)
}
