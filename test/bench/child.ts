import { writeFileSync } from 'node:fs'
import process from 'node:process'
import type { Suite } from './result.ts'

// One suite in a process of its own, on the Node.js that is measured: child.js SUITE FILE quick|full [TEXT]
const [suite, file, mode, only] = process.argv.slice(2)

// Warnings to developers would stand between the lines.
process.removeAllListeners('warning')
process.on('warning', () => undefined)

const { run } = (await import(new URL(`suites/${suite}.js`, import.meta.url).href)) as { readonly run: Suite }
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)
writeFileSync(file!, JSON.stringify(await run({ quick: mode === 'quick', only, say })))
process.exit(0) // sockets of others may still be open
