import { describe, expect, test } from 'vitest'
import { authorizationServer } from './authorization-server.ts'
import { faultRows } from './fault-rows.ts'
import { peers } from './peers.ts'
import { requestRows } from './request-rows.ts'

// Other libraries are run by `pnpm run conformance --peers`. A row that this library fails would say nothing about others.
describe('the rows for peers', () => {
  const own = peers.find(({ name }) => name === 'holdfast')!

  test('are all passed by this library', async () => {
    const as = await authorizationServer()
    const { origin, close } = await own.start(as)
    try {
      const failed: string[] = []
      for (const { does, run } of requestRows) if (!(await run({ as, origin })).ok) failed.push(does)
      expect(failed).toEqual([])
    } finally {
      await close()
      await as.close()
    }
  })

  test('have names of their own', () => {
    const names = [...requestRows, ...faultRows].map(({ does }) => does)
    expect(new Set(names).size).toBe(names.length)
  })
})
