import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { authorizationServer } from './authorization-server.ts'
import { faultRows } from './fault-rows.ts'
import { type Peer, peers } from './peers.ts'
import { requestRows } from './request-rows.ts'
import type { Row, Verdict } from './row.ts'

const PACKAGES = [
  'express-oauth2-jwt-bearer',
  'express-jwt',
  'passport-jwt',
  'koa-jwt',
  'jwks-rsa',
  '@modelcontextprotocol/sdk',
  'jose',
]

/** What one peer did in one row; `undefined` where the row is about something that it does not have. */
interface Cell {
  readonly peer: string
  readonly ids: readonly string[]
  readonly does: string
  readonly verdict: Verdict | undefined
}

/** One process for all of them, as an API would see them. */
async function requests(peer: Peer): Promise<Cell[]> {
  return inWorld(peer, async (judged) => {
    const done: Cell[] = []
    for (const one of requestRows) done.push(await judged(one))
    return done
  })
}

/** Each in a world of its own, some at once: they wait more than they work. */
async function faults(peer: Peer): Promise<Cell[]> {
  const done: Cell[] = []
  for (let at = 0; at < faultRows.length; at += 4) {
    const batch = faultRows.slice(at, at + 4)
    done.push(...(await Promise.all(batch.map((one) => inWorld(peer, (judged) => judged(one))))))
  }
  return done
}

async function inWorld<T>(peer: Peer, work: (judged: (row: Row) => Promise<Cell>) => Promise<T>): Promise<T> {
  const as = await authorizationServer()
  const running = await peer.start(as)
  try {
    return await work(async (row) => {
      const applies = peer.scopes || row.scopes === undefined
      const verdict = applies ? await row.run({ as, origin: running.origin }).catch(lost) : undefined
      return { peer: peer.name, ids: row.ids, does: row.does, verdict }
    })
  } finally {
    await running.close()
    await as.close()
  }
}

const lost = (): Verdict => ({ ok: false, did: 'connection lost' })

/** The published page. */
function page(all: readonly Cell[]): string {
  const versions = PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')
  return `# Other libraries, in the same requests

<!-- Written by \`pnpm run conformance --peers --report\` from the run itself. Do not edit. -->

Rows of the [conformance table](conformance.md) that any library for JWT access tokens can be asked, and the main faults of a key endpoint; each library set up as its own documentation shows, beside this one with its defaults. ✓ did as the row says; ~ the right status, without the challenge or the headers that go with it; ✗ did what stands there; – has no way to ask for scopes.

Some rows are choices of this project (CHOICE in the table), and some a library leaves to its options on purpose: read the row before you count it. Measured on Node ${process.version} with ${versions}.

${table(all)}
`
}

/** Not every package lets its package.json be imported. */
function versionOf(name: string): string {
  const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}

/** Rows down, peers across; what a peer did stands where it should not have. */
function table(all: readonly Cell[]): string {
  const lines = [
    `| requirement | ${peers.map(({ name }) => name).join(' | ')} |`,
    `| --- |${' --- |'.repeat(peers.length)}`,
  ]
  for (const { ids, does } of [...requestRows, ...faultRows]) {
    const marks = peers.map(({ name }) => markOf(all.find((cell) => cell.peer === name && cell.does === does)?.verdict))
    lines.push(`| ${does} (${ids.join(', ')}) | ${marks.join(' | ')} |`)
  }
  const sums = peers.map(({ name }) => {
    const judged = all.flatMap(({ peer, verdict }) => (peer === name && verdict ? [verdict] : []))
    const ok = judged.filter((verdict) => verdict.ok).length
    const partly = judged.filter((verdict) => !verdict.ok && verdict.partly).length
    return `${ok} ✓, ${partly} ~ of ${judged.length}`
  })
  return [...lines, `| in all | ${sums.join(' | ')} |`].join('\n')
}

function markOf(verdict: Verdict | undefined): string {
  if (!verdict) return '–'
  return verdict.ok ? '✓' : `${verdict.partly ? '~' : '✗'} ${verdict.did}`
}

const { values } = parseArgs({ options: { json: { type: 'string' }, report: { type: 'string' } } })
// What applications print about refused requests would drown the table.
for (const name of ['error', 'warn', 'log'] as const) console[name] = () => undefined
process.on('warning', () => undefined)

const cells: Cell[] = []
for (const peer of peers) {
  cells.push(...(await requests(peer)), ...(await faults(peer)))
  process.stderr.write(`${peer.name}: done\n`)
}

process.stdout.write(`${table(cells)}\n`)
if (values.report !== undefined) writeFileSync(values.report, page(cells))
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(cells, undefined, 2)}\n`)
const own = cells.filter(({ peer, verdict }) => peer === 'holdfast' && verdict?.ok === false)
for (const { ids, does } of own) process.stdout.write(`✗ holdfast: ${ids.join(' ')} ${does}\n`)
process.exit(own.length === 0 ? 0 : 1) // sockets of peers may still be open
