import { measure, QUICK, USUAL } from '../measure.ts'
import type { Result, Suite } from '../result.ts'
import { answerRows } from './micro/answers.ts'
import { authority } from './micro/authority.ts'
import { coldRows } from './micro/cold.ts'
import { dpopRows } from './micro/dpop.ts'
import { hotRows } from './micro/hot.ts'
import { refusalRows } from './micro/refusals.ts'
import type { RowMaker } from './micro/row-maker.ts'
import { skips } from './micro/skips.ts'

const ROWS: readonly RowMaker[] = [...hotRows, ...coldRows, ...dpopRows, ...refusalRows, ...answerRows]

/** One check of one request, or one answer, without a framework and without a network: CPU time of each. */
export const run: Suite = async ({ quick, only = '', say }) => {
  const results: Result[] = []
  const as = await authority()
  try {
    for (const { name, make } of ROWS.filter((row) => row.name.includes(only))) {
      say(name)
      if (name === 'cold RS256') for (const line of await skips(as, await as.resourceServer())) say(line)
      const row = await make(as, quick ? 40 : 1_000)
      results.push(...(await measure({ name, ...row }, quick ? QUICK : USUAL)))
    }
  } finally {
    await as.close()
  }
  return results
}
