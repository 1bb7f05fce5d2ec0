import { adapterContract } from '@holdfast/testing'
import { describe, it } from 'vitest'
import { harnesses } from './harness.ts'

const cases = harnesses.flatMap(adapterContract).map(({ name, run }) => [name, run] as const)

describe('adapter contract', () => {
  it.each(cases)('%s', (_, run) => run())
})
