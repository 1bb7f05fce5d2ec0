import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { type Arguments, parseArguments, USAGE } from './arguments.ts'
import { type Lab, startLab } from './lab.ts'

const parsed = parseArguments(process.argv.slice(2))
if (typeof parsed === 'string') {
  process.stderr.write(`${parsed}\n\n${USAGE}`)
  process.exitCode = 2
} else await main(parsed)

async function main({ options, headless }: Arguments): Promise<void> {
  const lab = await startLab(options).catch(explain)
  if (!lab) return
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void lab.close())
  if (headless) await record(lab, headless)
  else console.log(`The outage laboratory: ${lab.url}\nStop it with Ctrl-C.`)
}

/** A port that cannot be had is no reason for a stack trace. */
function explain(error: NodeJS.ErrnoException): undefined {
  if (error.syscall !== 'listen') throw error
  process.stderr.write(`the port cannot be had: ${error.message}\n`)
  process.exitCode = 1
}

async function record(lab: Lab, { scenario, file }: NonNullable<Arguments['headless']>): Promise<void> {
  const recording = await lab.play(scenario)
  await lab.close()
  await writeFile(file, `${JSON.stringify(recording)}\n`)
  console.log(`${recording.frames.length} frames of "${scenario}" are in ${file}`)
}
