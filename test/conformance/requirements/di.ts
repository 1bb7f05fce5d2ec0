import type { Section } from '../requirement.ts'

/** Discovery of authorization server metadata. */
export const DI = {
  'DI-01': [
    'MUST',
    'RFC 8414 §3, §3.1',
    'network',
    'The well-known path goes between host and path of the issuer, whose last slash is left out.',
  ],
  'DI-02': [
    'MUST',
    'OIDC Discovery §4.1',
    'network',
    'The place of OpenID Connect is appended to the issuer, whose last slash is left out.',
  ],
  'DI-03': [
    'CHOICE',
    'RFC 8414 §5; MCP',
    'network',
    'Three places are tried in the order of MCP, two for an issuer without a path; a stated place is the only one.',
    {
      decided:
        'metadataUrl is the one way to skip the probing. A second option for the place of OpenID Connect alone would save nothing but writing that URL out.',
    },
  ],
  'DI-04': [
    'CHOICE',
    'RFC 8414 §5',
    'network',
    'Only an answer that says "not here" leads to the next place; trouble does not.',
    {
      decided:
        '408, 425 and 429 are 4xx that ask for another time, not for another place: they count as trouble, like 5xx.',
    },
  ],
  'DI-05': [
    'MUST',
    'RFC 8414 §2',
    'configuration',
    'An issuer is an https URL without user information, query and fragment; http is for loopback, where that was allowed.',
  ],
  'DI-06': [
    'MUST',
    'RFC 8414 §3.3; OIDC Discovery §4.3',
    'network',
    'Nothing is used of a document that names another issuer than the one that was asked.',
  ],
  'DI-07': [
    'MUST',
    'RFC 8414 §4; OIDC Discovery §5',
    'network',
    'Issuers are compared code point by code point; nothing is normalized.',
  ],
  'DI-08': ['MUST', 'RFC 8414 §3.1', 'network', 'Metadata is had by GET over TLS, with the certificate checked.'],
  'DI-09': ['MUST', 'RFC 8414 §3.2', 'network', 'Only 200 with a JSON object as application/json is metadata.'],
  'DI-10': ['MUST', 'RFC 8414 §2', 'network', 'A "jwks_uri" that is not https is not fetched.'],
  'DI-11': [
    'CHOICE',
    'RFC 8414 §2',
    'network',
    'A member of the wrong type is unusable; the document serves whoever does not need it.',
  ],
  'DI-12': ['MAY', 'RFC 8414 §2.1', 'network', '"signed_metadata" is ignored; the plain members count.'],
  'DI-13': ['MUST', 'RFC 8414 §3.2', 'network', 'Members that are not known are ignored.'],
  'DI-14': [
    'CHOICE',
    'RFC 8414 §2',
    'network',
    'What is read of metadata is a closed list, and each member shows in what it does.',
    {
      decided:
        'The status shows no upstream address, so the endpoints show in what is called and the lists in the advice they give. Members for DPoP, status lists and signed answers are read by what will need them.',
    },
  ],
  'DI-15': ['CHOICE', 'Project', 'request', 'Metadata allows nothing that configuration does not.'],
  'DI-16': [
    'CHOICE',
    'Project',
    'network',
    'What is configured wins over metadata, and where all is configured no metadata is fetched.',
  ],
  'DI-17': [
    'MUST',
    'OIDC Discovery §4.3, §7.2; RFC 9068 §4',
    'request',
    'The "iss" of a token equals the issuer of the metadata, letter by letter.',
  ],
  'DI-18': [
    'CHOICE',
    'Project',
    'configuration',
    'An issuer of many tenants is never matched by a pattern.',
    {
      decided:
        'Every tenant is listed as an issuer of its own. There is no function that maps issuers: the list is closed when the server is built, so that no token can lengthen it.',
    },
  ],
  'DI-19': [
    'CHOICE',
    'JWT BCP draft §3.10',
    'network',
    'An "iss" that is not configured causes no request, and nothing is remembered of it.',
  ],
  'DI-20': [
    'CHOICE',
    'RFC 9111; RFC 9728 §7.10',
    'network',
    'Metadata is kept fresh, fetched once for all who wait, bounded, and kept when a refresh fails, as key sets are.',
  ],
  'DI-21': [
    'CHOICE',
    'Project',
    'network',
    'An endpoint that moves is an event; pinEndpoints keeps it at the origin where it was.',
  ],
  'DI-22': ['CHOICE', 'Project', 'network', 'Redirects are not followed; size and time are bounded.'],
  'DI-23': ['MUST', 'RFC 8414 §6.2', 'network', 'Endpoints serve only the issuer whose document named them.'],
  'DI-24': [
    'SHOULD',
    'RFC 9728 §4',
    'network',
    'A server that lists its resources and leaves this one out causes one advice.',
  ],
  'DI-25': [
    'CHOICE',
    'RFC 9470 §7',
    'request',
    'A step-up challenge that asks for a level which the issuer does not list causes one advice.',
  ],
  'DI-26': [
    'CHOICE',
    'Project',
    'process',
    'Nothing waits for metadata at the start but ready(); a first request waits for a bounded time, then gets 503.',
    {
      decided:
        'A request waits for resilience.wait, 1 s, and not for as long as a fetch may take: clients give up sooner, and the fetch goes on without them.',
    },
  ],
  'DI-27': [
    'CHOICE',
    'Project',
    'network',
    'Endpoints are absolute https URLs without user information; denyPrivateNetworks refuses private addresses when connecting.',
  ],
} as const satisfies Section
