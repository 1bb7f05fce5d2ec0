import process from 'node:process'
import { defineConfig } from 'vitest/config'
import { conditions } from '../../vitest.config.ts'

// Loading many files for each mutant is what takes the time: unit tests come first, and the conformance rows are asked
// about what they leave alive.
const UNIT = [
  'packages/core/test/{answer*,classify,extract*,hard-cases,resource-server,revoke,transports}.test.ts',
  'packages/core/test/{guard,syntax,verify,introspection,adapter,explain}/*.test.ts',
  'packages/core/test/bind/**/*.test.ts',
]
const ROWS = ['test/conformance/rows/*.test.ts']

/** The tests that hold what is mutated; those that only take time, or run processes of their own, are left out. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: process.env['MUTATION_TESTS'] === 'rows' ? ROWS : UNIT,
    exclude: ['**/*property.test.ts', '**/node_modules/**'],
    testTimeout: 30_000,
  },
})
