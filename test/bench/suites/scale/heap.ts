import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Octets on the heap and beside it, after all that nobody holds has been collected. */
export async function occupied(): Promise<number> {
  for (let pass = 0; pass < 3; pass += 1) {
    await new Promise((resolve) => setImmediate(resolve)) // what ended in this turn is let go of in the next
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
