import { defineConfig } from 'vitest/config'

// Tests run on sources: 'holdfast-source' is the condition of the packages' own exports. Never add 'import' to the
// external conditions: CommonJS dependencies would then load ESM files, and Express breaks.
export const conditions = ['holdfast-source', 'module', 'node', 'development|production']

const ALL = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts']
const NEVER = ['**/node_modules/**', '**/dist/**']
/** The conformance rows, but for those that put something in the place of a module. */
const ROWS = ['test/conformance/rows/!(jk-import|ng-timing).test.ts']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 30_000, // nothing here is timed; a loaded machine takes its time
    hookTimeout: 120_000,
    maxWorkers: '100%', // vitest would leave a processor idle, which is half of a small machine
    projects: [
      { extends: true, test: { name: 'tests', include: ALL, exclude: [...NEVER, ...ROWS] } },
      // Thousands of small tests that share nothing but code: loading it for each file took longer than they do.
      { extends: true, test: { name: 'rows', include: ROWS, exclude: NEVER, isolate: false } },
    ],
    reporters: ['default', './test/summary-reporter.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
})
