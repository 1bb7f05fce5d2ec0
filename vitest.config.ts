import { defineConfig } from 'vitest/config'

// Tests run on sources: 'holdfast-source' is the condition of the packages' own exports. Never add 'import' to the
// external conditions: CommonJS dependencies would then load ESM files, and Express breaks.
const conditions = ['holdfast-source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 30_000, // nothing here is timed; a loaded machine takes its time
    hookTimeout: 120_000,
    maxWorkers: '100%', // vitest would leave a processor idle, which is half of a small machine
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', './test/summary-reporter.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
})
