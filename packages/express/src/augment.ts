/** Opt-in: `import '@holdfast/express/augment'` gives every Express request a typed `auth`, once for the whole program. */
import type { AuthContext } from '@holdfast/core'

declare global {
  namespace Express {
    interface Request {
      /** What `protect` found out; `undefined` where it did not run, or where it is optional and no token came. */
      auth?: AuthContext | undefined
    }
  }
}
