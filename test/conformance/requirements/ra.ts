import type { Section } from '../requirement.ts'

export const RA = {
  'RA-01': [
    'MUST',
    'RFC 9396 §9.1, §2',
    'request',
    'authorization_details of a JWT is an array of objects, each with a type; anything else makes the token malformed.',
  ],
  'RA-02': [
    'MUST',
    'RFC 9396 §9.2',
    'network',
    'authorization_details of an introspection answer has the same shape; an answer with another is no verdict.',
  ],
  'RA-03': ['MUST', 'RFC 9396 §2', 'request', 'One type may occur several times; any entry of it may do.'],
  'RA-04': ['CHOICE', 'RFC 9396 §2.2', 'request', 'One entry as a whole satisfies a guard; entries are never merged.'],
  'RA-05': ['MUST', 'RFC 9396 §2.2', 'request', 'The common fields of an entry combine as a product.'],
  'RA-06': ['CHOICE', 'RFC 9396 §2.2', 'request', 'An entry with a common field of a wrong type matches nothing.'],
  'RA-07': [
    'CHOICE',
    'RFC 9396 §2.2',
    'request',
    'An absent common field allows nothing that a guard asks for, unless the type says that it is no limit.',
  ],
  'RA-08': ['MUST', 'RFC 9396 §12', 'request', 'Strings are compared exactly.'],
  'RA-09': [
    'CHOICE',
    'RFC 9396 §12',
    'request',
    'An entry whose locations name neither this API nor what a guard asks for is ignored.',
  ],
  'RA-10': ['CHOICE', 'RFC 9396 §3.1', 'request', 'Scope and details are asked for independently.'],
  'RA-11': [
    'CHOICE',
    'RFC 6750 §3.1',
    'request',
    'Insufficient details are 403 insufficient_scope, without the values needed, and with a scope only where that is lacking, too.',
  ],
  'RA-12': [
    'CHOICE',
    'RFC 9396 §9',
    'request',
    'Unknown types are ignored; a type may have its own check, and an entry that fails it matches nothing.',
  ],
  'RA-13': ['MAY', 'RFC 9728 §2, RFC 9396 §10', 'request', 'The metadata lists the types that are configured.'],
  'RA-14': ['CHOICE', 'Project', 'request', 'Details obey the limits of JSON, and are judged in linear time.'],
} as const satisfies Section
