import type { Section } from '../requirement.ts'

export const SG = {
  'SG-01': [
    'MUST',
    'RFC 6749 §3.3, OAuth 2.1 §1.4.1',
    'request',
    'The order and the repetition of scopes in a token mean nothing; upper and lower case do.',
  ],
  'SG-02': [
    'MUST',
    'RFC 6749 §3.3',
    'request',
    'A scope fits only where it is equal as a whole: no prefix, no substring, no wildcard.',
  ],
  'SG-03': ['MUST', 'OAuth 2.1 §5.2', 'request', 'A token without scope, or with an empty one, grants none.'],
  'SG-04': [
    'MUST',
    'RFC 8693 §4.2, RFC 7662 §2.2',
    'request',
    'A scope that is neither a text nor a list of scopes makes the token malformed.',
    {
      decided:
        'A list of scope tokens in "scope" is taken without an option, because several authorization servers write one; "scp" is read where "scope" is missing, and other claims with "scopeClaims". Commas are never separators.',
    },
  ],
  'SG-05': [
    'CHOICE',
    'RFC 6749 §3.3',
    'request',
    'Needless spaces in a scope are tolerated; any other character outside scope tokens makes the token malformed.',
  ],
  'SG-06': ['CHOICE', 'Project', 'request', 'Guards ask for all, for any, for what a predicate accepts, and combine.'],
  'SG-07': ['SHOULD', 'MCP', 'request', 'One challenge names every scope that the operation needs.'],
  'SG-08': ['CHOICE', 'RFC 6750 §3', 'request', 'A guard with alternatives advertises the first of them.'],
  'SG-09': [
    'MUST',
    'MCP',
    'request',
    'A scope counts for those that it is declared to include, through any number of steps; a circle is refused.',
  ],
  'SG-10': [
    'SHOULD',
    'MCP',
    'configuration',
    'No challenge and no metadata document asks for offline_access.',
    {
      decided:
        'It is refused when it is written, not warned about: it asks an authorization server for a refresh token, and is no right at an API.',
    },
  ],
  'SG-11': [
    'MAY',
    'RFC 6750 §3, MCP',
    'request',
    'A challenge to a request without credentials names the scopes of the operation where they are known.',
  ],
  'SG-12': [
    'MUST',
    'CVE-2021-32701',
    'request',
    'Guards judge every request anew, whatever cache the verified token came from.',
  ],
  'SG-13': [
    'CHOICE',
    'Project',
    'request',
    'A guard that no verification has preceded answers 500 and lets nothing in.',
  ],
  'SG-14': [
    'CHOICE',
    'Project',
    'request',
    'A guard that throws or rejects answers 500; one that answers anything but true, 403.',
  ],
  'SG-15': ['MUST', 'RFC 6750 §3.1', 'request', 'A bad token is refused as such before any scope is looked at.'],
  'SG-16': [
    'SHOULD',
    'RFC 9068 §4',
    'request',
    'Guards read roles, groups and entitlements, as lists of texts or of objects with a value, and in no other shape.',
  ],
  'SG-17': [
    'SHOULD',
    'RFC 9700 §4.15, RFC 9068 §5',
    'request',
    "Guards tell a user's token from a client's by what is configured, and refuse a token that does not say.",
  ],
  'SG-18': [
    'CHOICE',
    'Project',
    'request',
    'Scopes that are named like members of every object are scopes like others.',
  ],
  'SG-19': ['CHOICE', 'Project', 'request', 'A 403 answers in the scheme that the client used.'],
  'SG-20': ['CHOICE', 'Project', 'process', 'No handler can change the scopes that a later request sees.'],
} as const satisfies Section
