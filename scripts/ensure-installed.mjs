// Lets `npm test` and `npm run demo` work on a bare clone. pnpm has installed before it runs any script.
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, utimesSync } from 'node:fs'
import process from 'node:process'

const root = new URL('../', import.meta.url)
const changedAt = (name) => statSync(new URL(name, root), { throwIfNoEntry: false })?.mtimeMs ?? 0
const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

const underPnpm = process.env['npm_config_user_agent']?.startsWith('pnpm/') ?? false
if (!underPnpm && changedAt('node_modules') < changedAt('pnpm-lock.yaml')) {
  const { status } = spawnSync('npx', ['-y', packageManager, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: ['ignore', 2, 2], // the last line on stdout belongs to the script that comes next
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
  utimesSync(new URL('node_modules', root), new Date(), new Date())
}
