import type { Section } from '../requirement.ts'

export const MC = {
  'MC-01': [
    'MUST',
    'MCP',
    'configuration',
    "Profile 'mcp' needs a resource to publish and an authorization server for it.",
  ],
  'MC-02': ['MUST', 'MCP', 'request', 'The document names at least one authorization server.'],
  'MC-03': [
    'MUST',
    'MCP',
    'request',
    'The document is found from the challenge, at its path, and where it is wanted at the root.',
  ],
  'MC-04': [
    'MUST',
    'MCP',
    'request',
    'A token must have been issued for this server; the profile lets nobody switch that off.',
  ],
  'MC-05': ['MUST', 'MCP', 'request', 'An invalid or expired token gets 401.'],
  'MC-06': [
    'MUST',
    'MCP',
    'request',
    '401 stands for a missing or bad token, 403 for missing scopes, 400 for a malformed request.',
  ],
  'MC-07': ['SHOULD', 'MCP', 'request', 'A 401 challenge names the scopes of the operation.'],
  'MC-08': ['SHOULD', 'MCP', 'request', 'A 403 has error, scope and resource_metadata.'],
  'MC-09': ['SHOULD', 'MCP', 'request', 'One challenge names all scopes of the operation, whatever the token has.'],
  'MC-10': ['MUST', 'MCP', 'request', 'A scope that includes the one that is needed is enough.'],
  'MC-11': ['SHOULD', 'MCP', 'configuration', 'Neither challenges nor the document name offline_access.'],
  'MC-12': [
    'MUST',
    'MCP',
    'process',
    'Nothing passes the token of a request on; the token itself is had by one name that says so.',
  ],
  'MC-13': [
    'MUST',
    'MCP',
    'request',
    'Every request is judged by its own credentials, on one connection as on several.',
  ],
  'MC-14': ['MUST', 'MCP', 'request', 'A token in the query is never used.'],
  'MC-15': [
    'SHOULD',
    'MCP',
    'request',
    'Audiences are compared exactly, or, where it is written, without regard to the case of scheme and host alone.',
  ],
  'MC-16': [
    'CHOICE',
    'MCP, RFC 9068',
    'configuration',
    'Opaque tokens need an audience in the answer, or claims that show for whom they are.',
  ],
} as const satisfies Section
