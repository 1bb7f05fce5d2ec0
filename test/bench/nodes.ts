import { execFileSync, spawnSync } from 'node:child_process'
import process from 'node:process'

export const RUNNING: number = Number(process.versions.node.split('.')[0])

/** The releases that `.ci/run` tests on. */
const RELEASES: Readonly<Record<number, string>> = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }

/**
 * The binary of a major version: the running one for its own, else that of the npm package, which installs nothing on
 * the machine. @throws {Error} where npm has none.
 */
export function binaryOf(major: number): string {
  if (major === RUNNING) return process.execPath
  const release = RELEASES[major]!
  const name = `node-${process.platform}-${process.arch}@${release}`
  const { stdout, stderr, error } = spawnSync('npx', ['-y', '-p', name, '-c', 'node -p process.execPath'], {
    encoding: 'utf8',
  })
  const binary = stdout?.trim() ?? ''
  // Without the package the shell may find another one.
  const version = binary === '' ? undefined : execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim()
  if (version === `v${release}`) return binary
  throw new Error(`Node.js ${major}: npx found no ${name}; ${error?.message ?? (stderr.trim() || `it ran ${version}`)}`)
}
