import { HT } from './requirements/ht.ts'
import { BT } from './requirements/bt.ts'
import { SG } from './requirements/sg.ts'
import { JW } from './requirements/jw.ts'
import { AT } from './requirements/at.ts'
import { JK } from './requirements/jk.ts'
import { DI } from './requirements/di.ts'
import { IN } from './requirements/in.ts'
import { CA } from './requirements/ca.ts'
import { DP } from './requirements/dp.ts'
import { MT } from './requirements/mt.ts'
import { SU } from './requirements/su.ts'
import { RM } from './requirements/rm.ts'
import { RA } from './requirements/ra.ts'
import { DE } from './requirements/de.ts'
import { SL } from './requirements/sl.ts'
import { SE } from './requirements/se.ts'
import { CO } from './requirements/co.ts'
import { FP } from './requirements/fp.ts'
import { MC } from './requirements/mc.ts'
import { XC } from './requirements/xc.ts'
import { NG } from './requirements/ng.ts'
import { CH } from './requirements/ch.ts'
import { LM } from './requirements/lm.ts'
import { WY } from './requirements/wy.ts'
import type { Requirement } from './requirement.ts'

/**
 * What the specifications ask of a resource server, an introspection client and a consumer of keys; the choices made
 * where they leave room (CH), the limits (LM), the known attacks (NG), and where the Wycheproof vectors
 * are followed otherwise (WY). Ids are stable. Tests cite them: `verifies('JW-07', …)`.
 */
export const REQUIREMENTS = {
  ...HT,
  ...BT,
  ...SG,
  ...JW,
  ...AT,
  ...JK,
  ...DI,
  ...IN,
  ...CA,
  ...DP,
  ...MT,
  ...SU,
  ...RM,
  ...RA,
  ...DE,
  ...SL,
  ...SE,
  ...CO,
  ...FP,
  ...MC,
  ...XC,
  ...NG,
  ...CH,
  ...LM,
  ...WY,
}

export type RequirementId = keyof typeof REQUIREMENTS

/** Every row, in the order of the sections. */
export const rows: readonly (readonly [RequirementId, Requirement])[] = Object.entries(REQUIREMENTS) as never
