import type { Section } from '../requirement.ts'

const LATER = { deferred: 'later' } as const

export const CH = {
  'CH-01': [
    'CHOICE',
    'RFC 6750 §3; OAuth 2.1 §5.3.1; RFC 9449 §7.2',
    'request',
    'No challenge is bare: each has at least one parameter, the realm where nothing else is known.',
  ],
  'CH-02': [
    'CHOICE',
    'RFC 6750 §2.3; OAuth 2.1 §5.1',
    'request',
    'A token in the query is ignored, and an event says so, or refused with 400 where that is asked for; there is no way to accept it.',
  ],
  'CH-03': [
    'CHOICE',
    'RFC 7515 §4; RFC 7519 §4; RFC 8259 §4',
    'request',
    'Duplicate members are refused at every depth, in tokens and in all JSON that comes from the network.',
    {
      decided:
        'Found by counting: members that were written against members that survived parsing. No parser of our own, and no second opinion about what a document says.',
    },
  ],
  'CH-04': [
    'CHOICE',
    'RFC 9068 §4',
    'request',
    'Only at+jwt is taken by default; another profile must be named, and makes up for the missing type with other checks.',
  ],
  'CH-05': [
    'CHOICE',
    'RFC 7517 §4.5; FAPI 2.0 §5.4.3',
    'request',
    'Keys that share a kid are told apart by type, curve, algorithm and use; at most 4 are tried.',
  ],
  'CH-06': [
    'CHOICE',
    'RFC 9111 §4.2.4; RFC 5861 §4',
    'network',
    'Keys and metadata outlive their freshness in an outage, up to a hard bound, unless HTTP caching is to be taken by the letter.',
  ],
  'CH-07': [
    'CHOICE',
    'RFC 8414 §5; OIDC Discovery §4; MCP',
    'network',
    'Metadata is looked for in the order of MCP; a wrong document or a failing server is no reason to look elsewhere.',
  ],
  'CH-08': [
    'CHOICE',
    'RFC 7662 §2.2',
    'request',
    'An answer whose active is no boolean neither vouches for a token nor contradicts what is known of it.',
    {
      decided:
        'What was verified before may stand in within its grace: the answer is trouble like any other, and a broken deployment must not end every session at once.',
    },
  ],
  'CH-09': [
    'CHOICE',
    'RFC 7662 §2.2; RFC 9700 §2.3; MCP; FAPI 2.0',
    'request',
    'An introspection answer must name our audience, unless that is waived in so many words; MCP and FAPI allow no waiver.',
  ],
  'CH-10': [
    'CHOICE',
    'RFC 7662 §2.2; RFC 9111 §5.2.2.5',
    'request',
    'no-store on an introspection answer binds HTTP caches, and ours where that is asked for; max-age shortens freshness.',
  ],
  'CH-11': [
    'CHOICE',
    'RFC 7523 §3; RFC 7523bis draft',
    'network',
    'A client assertion is meant for the issuer, or for what is written instead.',
  ],
  'CH-12': [
    'CHOICE',
    'RFC 7800 §3.1',
    'request',
    'A token that is bound to a key is refused while nothing of the binding can be checked.',
  ],
  'CH-13': [
    'CHOICE',
    'RFC 9470 §3; RFC 6750 §3.1',
    'request',
    'Where authentication and scope are both lacking, one 401 challenge asks for both.',
  ],
  'CH-14': [
    'CHOICE',
    'RFC 9728 §2, §3.2',
    'request',
    'bearer_methods_supported is never an empty list.',
    {
      decided:
        'It says "header", and "body" where forms are read. A resource that takes no bearer token at all says so by `dpop_bound_access_tokens_required`.',
    },
  ],
  'CH-15': [
    'CHOICE',
    'RFC 9728 §3.3; MCP',
    'request',
    'Each resource has a document of its own, and a challenge names the one with the longest path that the request is under.',
  ],
  'CH-16': [
    'CHOICE',
    'CAEP 1.0; FAPI 2.0',
    'configuration',
    'Tokens and events have separate lists of algorithms.',
    LATER,
  ],
  'CH-17': [
    'CHOICE',
    'RFC 9068 §2.1; FAPI 2.0 §5.4',
    'request',
    'RS256 is taken unless the list of algorithms leaves it out, or the FAPI profile does.',
  ],
  'CH-18': [
    'CHOICE',
    'RFC 7519 §2; MCP',
    'request',
    'Audiences are compared character by character; folding the case of scheme and host must be asked for.',
  ],
  'CH-19': [
    'CHOICE',
    'RFC 6750 §3.1',
    'request',
    'Where nobody can tell, the answer is 503 with Retry-After and no challenge.',
  ],
  'CH-20': ['CHOICE', 'RFC 9449 §4.3', 'request', 'A missing or repeated DPoP proof is 401.'],
  'CH-21': [
    'CHOICE',
    'RFC 6750 §3.1',
    'request',
    'A malformed Authorization field is 400; one word in it that can be no token is 401.',
  ],
  'CH-22': [
    'CHOICE',
    'RFC 7519 §8; JWT BCP §3.1',
    'request',
    'none is never taken, and an HMAC with a static secret only, never with a key from a set.',
    {
      decided:
        'A deliberate deviation from RFC 7519 §8, which makes both mandatory: an access token must not be mintable by whoever can read a key set.',
    },
  ],
  'CH-23': [
    'CHOICE',
    'RFC 8037 §3.1; RFC 9864 §2.2',
    'request',
    'EdDSA and Ed25519 name the same algorithm for keys on that curve; Ed448 is listed by itself.',
  ],
  'CH-24': [
    'CHOICE',
    'RFC 6749 §2.3.1; OAuth 2.1 §2.4',
    'network',
    'How we authenticate is what was written, and no other method is tried in silence.',
    {
      decided:
        'The method is always written down; metadata that does not list it causes advice, never another method: whoever can change the metadata could otherwise choose a weaker one.',
    },
  ],
  'CH-25': [
    'CHOICE',
    'SSF 1.0; OIDC Back-Channel Logout 1.0',
    'request',
    'Each kind of event token has its own validator.',
    LATER,
  ],
  'CH-26': [
    'CHOICE',
    'RFC 7662 §2.2; RFC 7519 §2',
    'request',
    'Times are finite numbers, fractions allowed; a text is none.',
  ],
  'CH-27': ['CHOICE', 'RFC 9396', 'request', 'Insufficient authorization_details are 403 insufficient_scope.'],
  'CH-28': ['CHOICE', 'RFC 9449 §11.1; RFC 9701 §8.1', 'request', 'Replay protection is on by default.'],
} as const satisfies Section
