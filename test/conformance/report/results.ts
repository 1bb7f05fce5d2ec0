import { type FaceId, FACES } from '../faces.ts'
import { rows } from '../requirements.ts'

/** What a run showed of a requirement through one face. `exempt` carries the reason. */
export type FaceResult = 'passed' | 'failed' | { readonly exempt: string }

export interface RequirementResult {
  readonly id: string
  readonly level: string
  readonly state: 'passed' | 'failed' | 'deferred'
  readonly faces: Readonly<Partial<Record<FaceId, FaceResult>>>
}

/** One test of one face, as a run reported it. */
export interface TestRecord {
  readonly ids: readonly string[]
  readonly face: FaceId
  readonly passed: boolean
  readonly exempt: Readonly<Partial<Record<FaceId, string>>>
}

/**
 * Sums up a run: a requirement has passed through a face when each of its tests has, and at least one ran. One that is in
 * scope and was not tested has failed.
 */
export function resultsOf(records: readonly TestRecord[]): readonly RequirementResult[] {
  const byId = new Map<string, TestRecord[]>()
  for (const record of records) for (const id of record.ids) byId.set(id, [...(byId.get(id) ?? []), record])

  return rows.map(([id, [level, , , , remark]]) => {
    if (remark?.deferred) return { id, level, state: 'deferred', faces: {} }
    const own = byId.get(id) ?? []
    const faces = Object.fromEntries(FACES.map((face) => [face.id, resultOf(face.id, own)]))
    const state = Object.values(faces).every((result) => result !== 'failed') ? 'passed' : 'failed'
    return { id, level, state, faces }
  })
}

function resultOf(face: FaceId, records: readonly TestRecord[]): FaceResult {
  const own = records.filter((record) => record.face === face)
  if (own.length > 0) return own.every(({ passed }) => passed) ? 'passed' : 'failed'
  const reason = records.find(({ exempt }) => exempt[face] !== undefined)?.exempt[face]
  return reason === undefined ? 'failed' : { exempt: reason }
}
