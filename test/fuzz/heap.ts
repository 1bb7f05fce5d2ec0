import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Octets on the heap and in array buffers, after all that nobody holds has been collected. */
export async function occupied(): Promise<number> {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  for (let pass = 0; pass < 3; pass += 1) {
    await new Promise((resolve) => setImmediate(resolve)) // what ended in this turn is let go of in the next
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
