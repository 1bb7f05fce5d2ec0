import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { check } from './check.ts'
import { goalsFor } from './goals.ts'
import { binaryOf, RUNNING } from './nodes.ts'
import { type BenchOptions, benchOptions, HELP, type SuiteName } from './options.ts'
import type { Recorded } from './report/figures.ts'
import { report } from './report/report.ts'
import type { Result } from './result.ts'
import { tableOf } from './table.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const CHILD = fileURLToPath(new URL('child.js', import.meta.url))

process.exitCode = await main()

/** @returns The exit code: 1 for a goal that is short, or a suite that failed; 2 for a call that makes no sense. */
async function main(): Promise<number> {
  let options: BenchOptions | undefined
  try {
    options = benchOptions(process.argv.slice(2), RUNNING)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    return 2
  }
  if (options?.report) report(options.report, ROOT, print)
  else if (options) return bench(options)
  else process.stdout.write(HELP)
  return 0
}

async function bench(options: BenchOptions): Promise<number> {
  const { suites, nodes, quick, only } = options
  const commit = commitOf()
  const processors = cpus()
  const machine = `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} processors`
  print(`commit ${commit}, ${machine}`)
  if (quick) print('--quick: to see that everything runs; the figures mean little')
  const about = { commit, machine, ...(quick ? { quick } : {}) }
  const all: (Recorded & { readonly suite: SuiteName })[] = []
  let failed = false
  for (const major of nodes) {
    const binary = binaryOf(major)
    for (const suite of suites) {
      process.stderr.write(`${suite}, Node ${major}\n`)
      const results = await measured(binary, suite, options)
      if (!results) {
        failed = true
        print(`\n${suite}, Node ${major}: FAILED`)
      } else if (results.length > 0) {
        print(`\n${suite}, Node ${results[0]!.node}\n\n${tableOf(results)}`)
        all.push(...results.map((result) => ({ suite, ...about, ...result })))
      }
    }
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, undefined, 2)}\n`)
  if (options.check) failed = !check(all, goalsFor(suites, only), nodes, print) || failed
  if (failed || all.length > 0) return failed ? 1 : 0
  print(only === undefined ? 'nothing was measured' : `nothing was measured: no row has "${only}" in its name`)
  return 1
}

/** The results of a suite in a process of its own; `undefined` when it failed, which it has said on stderr. */
async function measured(
  binary: string,
  suite: SuiteName,
  { quick, only }: BenchOptions,
): Promise<readonly Result[] | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  const file = join(directory, 'results.json')
  try {
    const args = [CHILD, suite, file, quick ? 'quick' : 'full', ...(only === undefined ? [] : [only])]
    const child = spawn(binary, args, { stdio: ['ignore', 2, 2] })
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    return code === 0 ? (JSON.parse(readFileSync(file, 'utf8')) as Result[]) : undefined
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function commitOf(): string {
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' changed'}`
  } catch {
    return 'unknown'
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
