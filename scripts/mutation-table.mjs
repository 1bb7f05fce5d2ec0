// What `pnpm run mutation --json FILE` found, as the table of test/mutation/README.md; with --survivors every change that
// no test noticed, too.
//   node scripts/mutation-table.mjs FILE [--survivors]
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'

const SOURCES = 'packages/core/src/'
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { survivors: { type: 'boolean', default: false } },
})
const [file] = positionals
if (file === undefined) throw new TypeError('usage: node scripts/mutation-table.mjs FILE [--survivors]')
const { files } = JSON.parse(readFileSync(file, 'utf8'))

const FOUND = ['Killed', 'Timeout']
const LEFT = ['Survived', 'NoCoverage']

/** @param {{ status: string }[]} mutants */
function counted(mutants) {
  const count = (states) => mutants.filter(({ status }) => states.includes(status)).length
  const [found, left] = [count(FOUND), count(LEFT)]
  return { found, left, atLoad: count(['Ignored']), score: found + left === 0 ? 100 : (100 * found) / (found + left) }
}

const rows = Object.entries(files)
  .map(([path, { mutants }]) => ({ path: path.replace(SOURCES, ''), mutants }))
  .toSorted((one, other) => one.path.localeCompare(other.path))
const folders = ['bind/', 'guard/', 'verify/'].map((path) => ({
  path,
  mutants: rows.filter((row) => row.path.startsWith(path)).flatMap(({ mutants }) => mutants),
}))
const all = { path: 'all', mutants: rows.flatMap(({ mutants }) => mutants) }

process.stdout.write('| file | changes | noticed | survived | at load | score |\n| - | -: | -: | -: | -: | -: |\n')
for (const { path, mutants } of [...rows, ...folders, all]) {
  const { found, left, atLoad, score } = counted(mutants)
  process.stdout.write(`| \`${path}\` | ${found + left} | ${found} | ${left} | ${atLoad} | ${score.toFixed(1)} % |\n`)
}

if (values.survivors) {
  for (const [path, { source, mutants }] of Object.entries(files)) {
    const lines = source.split('\n')
    for (const { status, location, replacement = '' } of mutants.filter((one) => LEFT.includes(one.status))) {
      const { start, end } = location
      const first = lines[start.line - 1].slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined)
      const kind = status === 'NoCoverage' ? ' (not reached)' : ''
      process.stdout.write(`${path}:${start.line}${kind}: ${first} => ${replacement.replaceAll(/\s+/g, ' ')}\n`)
    }
  }
}
