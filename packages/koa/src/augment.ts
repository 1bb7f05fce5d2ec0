/** Opt-in: `import '@holdfast/koa/augment'` gives every Koa state a typed `auth`, once for the whole program. */
import type { AuthContext } from '@holdfast/core'
import type { DefaultState } from 'koa'

declare module 'koa' {
  interface DefaultState {
    /** What `protect` found out; `undefined` where it did not run, or where it is optional and no token came. */
    auth?: AuthContext | undefined
  }
}

/** Koa's own state, as it is from here on. */
export type AugmentedState = DefaultState
