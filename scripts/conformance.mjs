// Runs the conformance rows through every face, and says which requirements hold.
//   pnpm run conformance [--report] [--json FILE] [--peers]
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const USAGE = `pnpm run conformance [--report] [--json FILE]

  --report     write docs/conformance.md from this run
  --json FILE  write [{ id, level, state, faces }]

pnpm run conformance --peers [--report] [--json FILE]

  What other libraries do in the same requests and the main faults, as a table; --report writes it to docs/peers.md.
  Takes some minutes.`

const root = fileURLToPath(new URL('../', import.meta.url))
let values
try {
  ;({ values } = parseArgs({
    options: {
      report: { type: 'boolean' },
      json: { type: 'string' },
      peers: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  }))
} catch (error) {
  console.error(`${error.message}\n\n${USAGE}`)
  process.exit(2)
}
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

if (values.peers) {
  const json = values.json === undefined ? [] : ['--json', resolve(values.json)]
  const report = values.report ? ['--report', resolve(root, 'docs/peers.md')] : []
  let code = start(process.execPath, [resolve(root, 'node_modules/typescript/bin/tsc'), '-b', 'test/peers'])
  if (code === 0) code = start(process.execPath, ['test/peers/dist/main.js', ...json, ...report])
  if (code === 0 && values.report) code = formatted('docs/peers.md')
  process.exit(code)
}

if (values.report) process.env.CONFORMANCE_REPORT = resolve(root, 'docs/conformance.md')
if (values.json !== undefined) process.env.CONFORMANCE_JSON = resolve(values.json)

const vitest = resolve(root, 'node_modules/vitest/vitest.mjs')
const reporters = ['--reporter=dot', '--reporter=./test/conformance/report/reporter.ts']
let status = start(process.execPath, [vitest, 'run', 'test/conformance/rows', ...reporters])
if (values.report && status === 0) status = formatted('docs/conformance.md')
process.exitCode = status

/** The formatter aligns the tables. */
function formatted(file) {
  return start(resolve(root, 'node_modules/.bin/oxfmt'), [file])
}

function start(command, args) {
  return spawnSync(command, args, { cwd: root, env: process.env, stdio: 'inherit' }).status ?? 1
}
