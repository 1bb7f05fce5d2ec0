import type { Section } from '../requirement.ts'

export const DE = {
  'DE-01': [
    'MUST',
    'RFC 8693 §4.1',
    'request',
    'act is an object that names the current actor, else the token is malformed; sub stays the subject.',
  ],
  'DE-02': ['MUST', 'RFC 8693 §4.1', 'request', 'Only the outermost actor counts for a decision.'],
  'DE-03': ['MUST', 'RFC 8693 §4.1', 'request', 'Times and audiences inside act have no effect.'],
  'DE-04': ['MUST', 'RFC 8693 §4.4', 'request', 'may_act grants nothing here.'],
  'DE-05': ['MUST', 'RFC 8693 §4.1, §4.4', 'network', 'act of an introspection answer counts the same.'],
  'DE-06': ['CHOICE', 'Project', 'request', 'The actor and a bounded chain of actors can be read and guarded.'],
  'DE-07': [
    'CHOICE',
    'RFC 9700 §4.15',
    'request',
    'Actors are compared by issuer and subject; one without an issuer is of the issuer of the token.',
  ],
  'DE-08': ['CHOICE', 'RFC 8693 §4.3', 'request', 'client_id is text where present.'],
} as const satisfies Section
