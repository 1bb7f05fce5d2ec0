import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What of Vite is used: it comes with the test runner, and is no dependency of ours. */
interface Bundler {
  readonly build: (options: object) => Promise<unknown>
}

const conditions = ['holdfast-source', 'module', 'node', 'production']

/**
 * Makes one JavaScript file of a module and all it imports, from sources: for a process without the test runner.
 *
 * @param external Packages that the process finds from where the file is.
 */
export async function bundle(module: string, outDir: string, external: readonly string[] = []): Promise<void> {
  const runner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const { build } = (await import(pathToFileURL(runner.resolve('vite')).href)) as Bundler
  await build({
    configFile: false,
    root: fileURLToPath(new URL('../..', import.meta.url)),
    logLevel: 'error',
    resolve: { conditions },
    ssr: { noExternal: true, external: [...external], target: 'node', resolve: { conditions } },
    build: {
      ssr: module,
      outDir,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'child.mjs' } },
    },
  })
}
