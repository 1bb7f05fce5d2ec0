import type { Section } from '../requirement.ts'

export const RM = {
  'RM-01': [
    'MUST',
    'RFC 9728 §2',
    'configuration',
    'The resource identifier is an https URL without a fragment; a query is advised against.',
  ],
  'RM-02': [
    'MUST',
    'RFC 9728 §3, §3.1',
    'request',
    'The well-known path goes between the host and the path and query of the identifier.',
  ],
  'RM-03': [
    'CHOICE',
    'RFC 9728 §3.1',
    'configuration',
    'An identifier whose path ends in a slash is refused, or its document is served with and without the slash.',
    {
      decided:
        'A stated identifier is refused; an audience that ends in a slash is common and stays good, it is merely no identifier, and serving metadata without another one is refused.',
    },
  ],
  'RM-04': [
    'MUST',
    'RFC 9728 §3.1',
    'request',
    'The document is served to GET and HEAD; other methods get 405 with Allow.',
  ],
  'RM-05': [
    'MUST',
    'RFC 9728 §3.2',
    'request',
    'The document is a JSON object of type application/json, with status 200.',
  ],
  'RM-06': ['MUST', 'RFC 9728 §3.2', 'request', 'Members with several values are arrays; empty ones are left out.'],
  'RM-07': [
    'MUST',
    'RFC 9728 §3.3',
    'request',
    'Each document names the resource from whose identifier its URL was built.',
  ],
  'RM-08': ['CHOICE', 'RFC 9728 §3.3', 'request', 'No header of a request has a say in the document.'],
  'RM-09': [
    'MAY',
    'RFC 9728 §2',
    'request',
    'authorization_servers lists the configured issuers, spelled as they are configured.',
  ],
  'RM-10': [
    'MUST',
    'RFC 9728 §2',
    'configuration',
    'A jwks_uri is https.',
    {
      decided:
        'That every key has "use" where both kinds are served is for the operator to see to: the set is his and is not fetched to look.',
    },
  ],
  'RM-11': [
    'SHOULD',
    'RFC 9728 §2',
    'request',
    'scopes_supported says what is configured.',
    {
      decided:
        'Scopes are not collected from guards: which guards an application has is not known when the document is first read, and not every scope is for the public.',
    },
  ],
  'RM-12': [
    'MAY',
    'RFC 9728 §2',
    'request',
    'bearer_methods_supported follows from how tokens are taken: header, and body with forms; never query.',
  ],
  'RM-13': ['MUST', 'RFC 9728 §2', 'configuration', 'resource_signing_alg_values_supported never has "none".'],
  'RM-14': [
    'SHOULD',
    'RFC 9728 §2',
    'request',
    'resource_name is published as configured, and beside it its translations with a language tag.',
  ],
  'RM-15': [
    'MAY',
    'RFC 9728 §2',
    'request',
    'Pages about documentation, policy and terms are published as configured.',
  ],
  'RM-16': [
    'MAY',
    'RFC 9728 §2',
    'request',
    'Members about bound tokens say what the server does, and nothing else can be written.',
  ],
  'RM-17': ['MAY', 'RFC 9728 §2', 'configuration', 'Further members can be added; none that the server writes itself.'],
  'RM-18': [
    'MAY',
    'RFC 9728 §2.2',
    'configuration',
    'signed_metadata is a signed JWT with iss, of this resource, that says nothing else than the document.',
  ],
  'RM-19': [
    'MUST',
    'RFC 9728 §5.1',
    'request',
    "A challenge names the document's URL as resource_metadata, in a quoted-string.",
  ],
  'RM-20': ['CHOICE', 'RFC 9728 §5.1, MCP', 'request', 'Every challenge names the document: 400, 401 and 403.'],
  'RM-21': [
    'SHOULD',
    'RFC 6750 §3.1, RFC 9728 §5.1',
    'request',
    'The challenge to a request without credentials names the document and no error.',
  ],
  'RM-22': [
    'MAY',
    'RFC 9728 §5',
    'request',
    'resource_metadata stands beside scope, acr_values and max_age in one challenge.',
  ],
  'RM-23': [
    'CHOICE',
    'RFC 9728 §3.3, MCP',
    'request',
    "Of several resources, a challenge names the document of the longest path that the request's path begins with.",
  ],
  'RM-24': ['CHOICE', 'Fetch', 'request', 'Any page may read the document, preflights included.'],
  'RM-25': [
    'CHOICE',
    'RFC 9728 §7.10',
    'request',
    'The document may be kept for a configured time, and a client that has it is told so.',
  ],
  'RM-26': ['MUST', 'RFC 9728 §3', 'request', 'protect() never guards the document, wherever it stands.'],
  'RM-27': [
    'MUST',
    'RFC 9728 §7.1',
    'request',
    "The document's URL is https; with requireHttps it is served over nothing else.",
  ],
  'RM-28': [
    'CHOICE',
    'RFC 9728 §3',
    'request',
    'In an application below a path the document stays at the root of the origin, and the server says where that is.',
  ],
  'RM-29': [
    'MAY',
    'RFC 9728 §3',
    'configuration',
    'Another well-known name changes the path of the document and every challenge.',
  ],
} as const satisfies Section
