import { answerMessages } from '../../http/child.ts'
import { times } from '../micro/tokens.ts'
import { measuring } from './delay.ts'
import { type Judges, judgesOf } from './judges.ts'
import { AT_ONCE, type Burst, type BurstMessage } from './messages.ts'

// All requests of a burst in one turn of the event loop, without a server around them.

let judges: Judges | undefined

async function prepare({ alg, bursts }: BurstMessage & { do: 'prepare' }): Promise<void> {
  await judges?.close()
  judges = judgesOf(alg, bursts * AT_ONCE)
}

/** The next burst begins in the turn after the last answer. */
async function pass({ subject, bursts }: BurstMessage & { do: 'pass' }): Promise<Burst> {
  const { sent, holdfast, synchronous } = judges!
  const judge = subject === 'holdfast' ? (at: number) => holdfast(sent.request(at)) : synchronous
  const end = await measuring()
  for (let burst = 0; burst < bursts; burst += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    let next = burst * AT_ONCE
    await Promise.all(times(AT_ONCE, () => judge(next++)))
  }
  return end(bursts * AT_ONCE)
}

answerMessages((message: BurstMessage) => (message.do === 'prepare' ? prepare(message) : pass(message)))
