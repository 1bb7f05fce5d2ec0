import { defineConfig } from 'vitest/config'
import base from '../../vitest.config.ts'

/** The tests that hold what is mutated; those that only take time, or run processes of their own, are left out. */
export default defineConfig({
  ...base,
  root: new URL('../../', import.meta.url).pathname,
  test: {
    include: [
      'packages/core/test/{extract,classify,answer,hard-cases,resource-server,revoke}.test.ts',
      'packages/core/test/{guard,syntax,verify,introspection,adapter}/*.test.ts',
      'test/conformance/rows/*.test.ts',
    ],
    exclude: ['**/*property.test.ts'],
    testTimeout: 20_000,
  },
})
