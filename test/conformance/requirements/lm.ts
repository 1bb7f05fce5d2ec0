import type { Section } from '../requirement.ts'

const CONSTANT = 'is a constant: nothing legitimate meets it, and an option could only weaken it.'
const LATER = { deferred: 'later' } as const

export const LM = {
  'LM-01': ['CHOICE', 'Project', 'request', 'A token has at most 8,192 characters; 256 to 65,536 may be allowed.'],
  'LM-02': [
    'CHOICE',
    'Project',
    'request',
    'A JOSE header has at most 2,048 octets.',
    { decided: `The limit ${CONSTANT}` },
  ],
  'LM-03': [
    'CHOICE',
    'Project',
    'request',
    'JSON is at most 16 deep and has at most 2,000 members.',
    { decided: `The limit ${CONSTANT}` },
  ],
  'LM-04': ['CHOICE', 'Project', 'request', 'Clocks may differ by 30 s; none to 300 s may be allowed.'],
  'LM-05': [
    'CHOICE',
    'Project',
    'network',
    'A key set or metadata document is fresh for 10 min, or as it says within bounds.',
    {
      decided:
        'The bounds are 1 min and 1 h: more often helps nobody, and a withdrawn key must not work for a day because a header says so. They are constants.',
    },
  ],
  'LM-06': [
    'CHOICE',
    'Project',
    'network',
    'Keys and metadata stand in for at most 24 h after they were last fetched.',
    {
      decided:
        '2 h to 30 d may be configured. With less than twice the longest freshness one failed refresh could take the keys away. For an answer that is no older than the request there is introspection: `jwt.mode: "online"`.',
    },
  ],
  'LM-07': [
    'CHOICE',
    'Project',
    'network',
    'Unknown kids cause few fetches.',
    {
      decided:
        'Three at once and one more every 30 s for each issuer: a burst of rotations passes, a flood does not. Constants.',
    },
  ],
  'LM-08': [
    'CHOICE',
    'Project',
    'network',
    'A fetched document has at most 256 KiB.',
    { decided: `The limit ${CONSTANT}` },
  ],
  'LM-09': [
    'CHOICE',
    'Project',
    'request',
    'At most 4 keys are tried for one token.',
    { decided: `The limit ${CONSTANT}` },
  ],
  'LM-10': [
    'CHOICE',
    'Project',
    'network',
    'RSA keys have 2,048 to 8,192 bits and an odd exponent from 3 to 2^32 + 1.',
    { decided: `The limit ${CONSTANT}` },
  ],
  'LM-11': [
    'CHOICE',
    'Project',
    'network',
    'Every outgoing call has a time limit, for the connection and in all.',
    {
      decided:
        '0.5 s to connect, 2 s for an introspection, 5 s for a document; 10 ms to 60 s may be allowed. A request waits for 1 s at most, so that a longer attempt would serve nobody.',
    },
  ],
  'LM-12': [
    'CHOICE',
    'Project',
    'network',
    'An introspection answer has at most 64 KiB.',
    { decided: `The limit ${CONSTANT}` },
  ],
  'LM-13': [
    'CHOICE',
    'Project',
    'request',
    'An introspection answer is fresh for a while, renewed ahead in use, and stands in for a while in an outage.',
    {
      decided:
        '60 s fresh (0 to 1 h), renewed after about 80 %, 300 s of grace (0 to 24 h): a revocation is seen within a minute in health, and a revoked token works for six minutes at most in an outage.',
    },
  ],
  'LM-14': [
    'CHOICE',
    'Project',
    'request',
    'A token that was called inactive is refused for 10 s without asking again; 0 to 300 s may be allowed.',
  ],
  'LM-15': [
    'CHOICE',
    'RFC 9701',
    'network',
    'A signed introspection answer is at most 60 s old; 5 to 600 s may be said.',
  ],
  'LM-16': ['CHOICE', 'RFC 9449', 'request', 'A DPoP proof is at most 60 s old.'],
  'LM-17': ['CHOICE', 'RFC 9449', 'request', 'A DPoP proof is at most 30 s ahead.'],
  'LM-18': ['CHOICE', 'RFC 9449', 'request', 'The jti of a DPoP proof has at most 256 characters.'],
  'LM-19': ['CHOICE', 'RFC 9449', 'request', 'A DPoP nonce is good for 300 s.'],
  'LM-20': ['CHOICE', 'RFC 9440', 'request', 'A client certificate in a header has at most 16 KiB.'],
  'LM-21': [
    'CHOICE',
    'RFC 9728',
    'request',
    'The metadata document of the resource may be kept for 3,600 s; 0 to 86,400 s may be said.',
  ],
  'LM-22': ['CHOICE', 'Token Status List draft', 'network', 'A status list is kept for 30 s to 24 h.', LATER],
  'LM-23': ['CHOICE', 'Token Status List draft', 'network', 'A status list has at most 8 MiB when inflated.', LATER],
  'LM-24': ['CHOICE', 'RFC 8417', 'request', 'No event older than 7 d is acted on.', LATER],
  'LM-25': [
    'CHOICE',
    'Project',
    'request',
    'A revocation by claim is remembered for the longest life of a token, 24 h where nothing else is said.',
    {
      decided:
        '1 min to 180 d may be said, for servers whose tokens live for months; while a mark is kept, tokens that live longer are refused.',
    },
  ],
  'LM-26': ['CHOICE', 'RFC 8935', 'request', 'A delivered event has at most 64 KiB.', LATER],
  'LM-27': [
    'CHOICE',
    'Project',
    'process',
    'Every cache is bounded in entries.',
    {
      decided:
        '20,000 introspected tokens and 20,000 JWTs, each within 32 MiB, 5,000 inactive tokens, 10,000 revocations. At least 1 entry each: without any, nothing could be served in an outage. 100,000 DPoP proofs, at least 1.',
    },
  ],
  'LM-28': [
    'CHOICE',
    'Project',
    'network',
    'Introspection calls under way, and requests that wait for one, are bounded.',
    {
      decided:
        'The limit is learnt between 1 and 100 from a start of 10; 1,000 known and 256 new tokens wait, for 1 s at most. 10 ms to 60 s of waiting may be said.',
    },
  ],
  'LM-29': [
    'CHOICE',
    'Project',
    'network',
    'An endpoint that answers nothing is left alone, but for a probe now and then.',
    {
      decided:
        'Down after five failures in 5 s without a success; probes from 0.25 s doubling to 5 s, spread. A bound on the share of failures, such as 50 %, would give up an endpoint that still answers half of what it is asked.',
    },
  ],
} as const satisfies Section
