import { adapterContract } from '@holdfast/testing'
import { describe, it } from 'vitest'
import { harnesses } from './harness.ts'

describe('adapter contract', () => {
  for (const { name, run } of harnesses.flatMap(adapterContract)) it(`${name}`, run)
})
