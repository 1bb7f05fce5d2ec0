import { FACES } from '../faces.ts'
import { REQUIREMENTS, type RequirementId } from '../requirements.ts'
import type { Requirement } from '../requirement.ts'
import type { FaceResult, RequirementResult } from './results.ts'

/** What the sections of the catalogue are about, in its order. */
const SECTIONS: Readonly<Record<string, string>> = {
  HT: 'HTTP authentication framework (RFC 9110, RFC 9111)',
  BT: 'Bearer tokens (RFC 6750, OAuth 2.1, RFC 9700)',
  SG: 'Scope and claim guards',
  JW: 'JWT, JWS, JWE and JWA (RFC 7515–7519, 8725)',
  AT: 'JWT access tokens (RFC 9068)',
  JK: 'Key sets (RFC 7517, 7638)',
  DI: 'Discovery (RFC 8414, OIDC Discovery)',
  IN: 'Introspection and its cache (RFC 7662, RFC 9701)',
  CA: 'Client authentication (RFC 6749, 7521, 7523, 8705)',
  DP: 'DPoP (RFC 9449)',
  MT: 'Tokens bound to certificates (RFC 8705)',
  SU: 'Step-up authentication (RFC 9470)',
  RM: 'Protected resource metadata (RFC 9728)',
  RA: 'Rich authorization requests (RFC 9396)',
  DE: 'Delegation (RFC 8693)',
  SL: 'Token status lists',
  SE: 'Security events',
  CO: 'CORS',
  FP: 'FAPI 2.0',
  MC: 'Model Context Protocol',
  XC: 'Configuration, time, observability, adapters',
  NG: 'Attacks',
  CH: 'Choices where specifications conflict or are silent',
  LM: 'Limits',
  WY: 'Deviations from the Wycheproof vectors',
}

/** The published table. */
export function markdownOf(results: readonly RequirementResult[]): string {
  const inScope = results.filter(({ state }) => state !== 'deferred')
  const passed = inScope.filter(({ state }) => state === 'passed').length
  const lines = [
    '# Conformance',
    '',
    '<!-- Written by `pnpm run conformance --report` from the run itself. Do not edit. -->',
    '',
    `What the specifications ask of a resource server, and what attacks have taught, as ${results.length} rows. ${inScope.length} are in scope and tested, and ${passed} of them pass; ${results.length - inScope.length} are about features that come later. Each test runs through the core and every adapter, over real HTTP; their refusals must be equal in status, challenge and body.`,
    '',
    'Levels: MUST, SHOULD and MAY as the source says it; CHOICE where sources are silent or in conflict. ✓ passed, ✗ failed, – exempt or later.',
    '',
  ]
  for (const [section, title] of Object.entries(SECTIONS)) {
    const own = results.filter(({ id }) => id.startsWith(section))
    lines.push(`## ${section}: ${title}`, '')
    lines.push(`| id | level | source | what must hold | ${FACES.map(({ name }) => name).join(' | ')} |`)
    lines.push(`| --- | --- | --- | --- | ${FACES.map(() => '---').join(' | ')} |`)
    for (const result of own) lines.push(lineOf(result))
    lines.push('', ...remarksOn(own), '')
  }
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`
}

function rowOf(id: string): Requirement {
  return REQUIREMENTS[id as RequirementId]
}

function lineOf({ id, state, faces }: RequirementResult): string {
  const marks = FACES.map((face) => (state === 'deferred' ? '–' : markOf(faces[face.id])))
  return `${[lineStartOf(id), ...marks].join(' | ')} |`
}

/** What a line says before the results. */
export function lineStartOf(id: string): string {
  const [level, source, , statement] = rowOf(id)
  return `| ${[id, level, escaped(source), escaped(statement)].join(' | ')}`
}

function markOf(result: FaceResult | undefined): string {
  if (result === 'passed') return '✓'
  return typeof result === 'object' ? '–' : '✗'
}

/** Under the table: where the project does otherwise, and why a face is exempt. */
function remarksOn(results: readonly RequirementResult[]): readonly string[] {
  return results.flatMap(({ id, faces }) => {
    const decided = rowOf(id)[4]?.decided
    const exempt = new Map<string, string[]>()
    for (const face of FACES) {
      const result = faces[face.id]
      if (typeof result === 'object') exempt.set(result.exempt, [...(exempt.get(result.exempt) ?? []), face.name])
    }
    return [
      ...(decided === undefined ? [] : [`- ${id}: ${escaped(decided)}`]),
      ...[...exempt].map(([reason, names]) => `- ${id}, ${names.join(' and ')}: ${escaped(reason)}`),
    ]
  })
}

/** Text for a cell: no bar ends it, and no markup begins in it. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_')
}
