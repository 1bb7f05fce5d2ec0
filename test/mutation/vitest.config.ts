import { defineConfig } from 'vitest/config'
import { conditions } from '../../vitest.config.ts'

/** The tests that hold what is mutated; those that only take time, or run processes of their own, are left out. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'packages/core/test/{extract,classify,answer,hard-cases,resource-server,revoke}.test.ts',
      'packages/core/test/{guard,syntax,verify,introspection,adapter,explain}/*.test.ts',
      'test/conformance/rows/*.test.ts',
    ],
    exclude: ['**/*property.test.ts', '**/node_modules/**'],
    testTimeout: 30_000,
  },
})
