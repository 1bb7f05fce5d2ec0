import type { Target } from './target.ts'
import { authorityTarget } from './targets/authority.ts'
import { documentTargets } from './targets/documents.ts'
import { encryptedTarget } from './targets/encrypted.ts'
import { pathTargets, verifyTarget } from './targets/path.ts'
import { signedAnswersTarget } from './targets/signed-answers.ts'
import { storedTargets } from './targets/stored.ts'
import { syntaxTargets } from './targets/syntax.ts'
import { tokenTargets } from './targets/token.ts'

/** Every parser, then the whole path, in the order in which what they read comes in. */
export const TARGETS: readonly Target[] = [
  ...tokenTargets,
  ...syntaxTargets,
  encryptedTarget,
  ...documentTargets,
  signedAnswersTarget,
  ...storedTargets,
  verifyTarget,
  ...pathTargets,
  authorityTarget,
]
