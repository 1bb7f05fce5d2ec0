import { expect, test } from 'vitest'
import { type Face, type FaceId, FACES } from './faces.ts'
import type { RequirementId } from './requirements.ts'
import { takeTranscript } from './world.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** The requirements that a test is about, and the face that it ran through. */
    verifies?: { readonly ids: readonly string[]; readonly face: FaceId }
    /** Faces that the requirements cannot concern, and why. */
    exempt?: Exempt
  }
}

export type Exempt = Readonly<Partial<Record<FaceId, string>>>

export interface VerifiesOptions {
  /** Faces that cannot be asked, each with the reason. */
  readonly exempt?: Exempt
  /** Milliseconds. */
  readonly timeout?: number
}

/**
 * A test that holds every face to requirements, by id: `verifies('HT-01', 'every 401 has a challenge', async (face) => …)`.
 * What the faces answered to the same requests must be the same in every octet that clients can see of a refusal.
 */
export function verifies(
  ids: RequirementId | readonly RequirementId[],
  does: string,
  run: (face: Face) => Promise<void> | void,
  { exempt = {}, timeout = 20_000 }: VerifiesOptions = {},
): void {
  const list = typeof ids === 'string' ? [ids] : ids
  let first: { readonly face: Face; readonly transcript: readonly string[] } | undefined
  for (const face of FACES.filter(({ id }) => exempt[id] === undefined)) {
    test(`${list.join(' ')} ${does} (${face.name})`, { timeout }, async ({ task }) => {
      task.meta.verifies = { ids: list, face: face.id }
      task.meta.exempt = exempt
      takeTranscript() // what a test that failed before has left
      await run(face)
      const transcript = takeTranscript()
      first ??= { face, transcript }
      expect(transcript, `${face.name} answers differently from ${first.face.name}`).toEqual(first.transcript)
    })
  }
}
