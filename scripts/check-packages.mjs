// What a consumer would get: packs every public package and checks the tarballs, the dependencies and their licences.
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const LICENCES = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0', 'BlueOak-1.0.0']
const LIST_LICENCES = ['licenses', 'list', '--prod', '--json']
const EVERY_TARBALL = ['LICENSE', 'README.md', 'dist/index.d.ts', 'dist/index.js', 'package.json', 'src/index.ts']

const root = fileURLToPath(new URL('../', import.meta.url))
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))
const { packageManager } = readJson(join(root, 'package.json'))
const npx = async (args, cwd = root) => {
  try {
    return { ok: true, ...(await promisify(execFile)('npx', args, { cwd })) }
  } catch ({ stdout, stderr }) {
    return { ok: false, stdout, stderr }
  }
}
const problems = []

const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))
const folder = mkdtempSync(join(tmpdir(), 'holdfast-packages-'))
try {
  await Promise.all([
    ...packages.map(checkPackage),
    checkLicences(),
    run('knip', ['--no-progress', '--no-config-hints']),
  ])
} finally {
  rmSync(folder, { recursive: true, force: true })
}

for (const problem of problems) console.error(`✗ ${problem}`)
console.log(problems.length === 0 ? `${packages.length} packages are fit to publish` : `${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1

async function checkPackage(path) {
  const { name } = readJson(join(path, 'package.json'))
  const packed = await npx(['-y', packageManager, 'pack', '--json', '--pack-destination', folder], path)
  if (!packed.ok) {
    problems.push(`${name}: pnpm pack failed: ${packed.stderr}`)
    return
  }
  const { filename } = JSON.parse(packed.stdout)
  const listed = execFileSync('tar', ['-tzf', filename], { encoding: 'utf8' }).trim().split('\n')
  const files = listed.map((file) => file.replace(/^package\//, ''))
  const manifest = execFileSync('tar', ['-xzOf', filename, 'package/package.json'], { encoding: 'utf8' })

  for (const file of EVERY_TARBALL) if (!files.includes(file)) problems.push(`${name}: ${file} is missing`)
  for (const file of files)
    if (isStray(file, files)) problems.push(`${name}: ${file} does not belong here (stale? remove dist and build)`)
  if (/"(?:workspace|catalog):|holdfast-source/.test(manifest)) problems.push(`${name}: package.json was not rewritten`)

  const tarball = new Uint8Array(readFileSync(filename)).buffer
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
  for (const message of messages) problems.push(`${name}: publint: ${formatMessage(message, pkg)}`)
  await run('attw', [filename, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii', '--no-emoji'])
}

/** Compiled files whose source is gone, and anything that is neither source nor compiled nor made for another program. */
function isStray(file, files) {
  const [, compiled] = /^dist\/(.+)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file) ?? []
  if (compiled !== undefined) return !files.includes(`src/${compiled}.ts`)
  if (/^(?:grafana\/[\w-]+\.json|rules\/[\w-]+\.yml)$/.test(file)) return false
  return !/^src\/.+\.ts$/.test(file) && !['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json'].includes(file)
}

async function checkLicences() {
  const { ok, stdout, stderr } = await npx(['-y', packageManager, '--filter', './packages/*', ...LIST_LICENCES])
  if (!ok) {
    problems.push(`licences: ${stderr}`)
    return
  }
  for (const [licence, dependencies] of Object.entries(JSON.parse(stdout)))
    if (!LICENCES.includes(licence))
      problems.push(`licence ${licence} of ${dependencies.map(({ name }) => name).join(', ')} is not on the list`)
}

async function run(command, args) {
  const { ok, stdout, stderr } = await npx(['--no-install', command, ...args])
  if (!ok) problems.push(`${command} ${args[0]}:\n${stdout}${stderr}`)
}
