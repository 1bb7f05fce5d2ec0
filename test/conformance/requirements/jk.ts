import type { Section } from '../requirement.ts'

/** JWK Sets: parsing, selection, caching. */
export const JK = {
  'JK-01': [
    'MUST',
    'RFC 7517 §5',
    'network',
    'A key set is an object with an array "keys" of objects; any other document is a failed fetch, and the last good set stays.',
  ],
  'JK-02': ['MUST', 'RFC 7517 §4, §5', 'network', 'Members of sets and keys that are not known are ignored.'],
  'JK-03': ['SHOULD', 'RFC 7517 §5', 'network', 'An entry that cannot be used is skipped; the others serve.'],
  'JK-04': [
    'MUST',
    'RFC 7517 §4, §5',
    'network',
    'A document with two members of one name in one object is no key set.',
  ],
  'JK-05': ['MUST', 'RFC 7517 §4.1', 'network', 'A key has a "kty", spelt in its own case.'],
  'JK-06': ['MUST', 'RFC 7517 §4.2; RFC 8414 §2', 'network', 'A key with a "use" other than "sig" verifies nothing.'],
  'JK-07': [
    'MUST',
    'RFC 7517 §4.3',
    'network',
    'A key with "key_ops" verifies only if they name "verify", agree with "use" and name nothing twice.',
  ],
  'JK-08': ['MUST', 'JWT BCP draft §3.1', 'request', 'A key with an "alg" serves tokens of that algorithm alone.'],
  'JK-09': ['MUST', 'RFC 7517 §4.5', 'request', 'A "kid" names a key letter by letter, case included.'],
  'JK-10': [
    'MUST',
    'OIDC Core §10.1.1',
    'network',
    'A "kid" that the set lacks makes the set be fetched again, within a budget.',
  ],
  'JK-11': [
    'CHOICE',
    'OIDC Core §10.1',
    'request',
    'A token without "kid" is verified by the only key that fits; several are refused unless missingKid is \'try\'.',
  ],
  'JK-12': [
    'CHOICE',
    'Project',
    'request',
    'A token with a "kid" is not matched with a key that has none, unless the set is that one key.',
  ],
  'JK-13': [
    'MUST',
    'FAPI 2.0 §5.4.3; RFC 7517 §4.5',
    'request',
    'Of several keys with one "kid", those that fit the algorithm are tried, at most four.',
  ],
  'JK-14': [
    'MUST',
    'RFC 7518 §6.2.1.2, §6.2.1.3',
    'network',
    'The coordinates of an EC key have the full length of the curve and no padding.',
  ],
  'JK-15': ['MUST', 'JWT BCP draft §3.4', 'network', 'An EC key is a point of its curve.'],
  'JK-16': [
    'MUST',
    'RFC 7518 §6.3.1',
    'network',
    'An RSA key has "n" and "e"; its size is that of the number, whatever zeros lead it.',
  ],
  'JK-17': [
    'MUST',
    'RFC 8037 §2',
    'network',
    'An OKP key has "crv" and an "x" of the length of the curve, and no "d".',
  ],
  'JK-18': [
    'CHOICE',
    'RFC 7517 §9.2',
    'network',
    'A key that is published with its private part verifies nothing, and an event says so.',
  ],
  'JK-19': ['CHOICE', 'Project', 'network', 'A symmetric key from the network verifies nothing.'],
  'JK-20': ['CHOICE', 'RFC 7517 §4.6 to §4.9', 'network', 'Certificates in keys are neither read nor fetched.'],
  'JK-21': [
    'MUST',
    'RFC 8414 §2; RFC 7517 §4.6',
    'network',
    'Keys are fetched over https only, from a server whose certificate and name have been checked.',
  ],
  'JK-22': [
    'CHOICE',
    'RFC 9111 §4.2.1',
    'network',
    'A set is fresh for its max-age, else until Expires counted from Date; s-maxage is ignored, contradictions count as stale.',
  ],
  'JK-23': ['MUST', 'RFC 9111 §4.2.3', 'network', 'The Age of an answer, and the time it took, are subtracted.'],
  'JK-24': [
    'CHOICE',
    'Project',
    'network',
    'Freshness is kept within bounds, and has a default where nothing is said.',
    {
      decided:
        'The bounds are 1 minute and 1 hour, the default 10 minutes: a shorter freshness would burden the server, a longer one would let a withdrawn key work for a day although the server is healthy.',
    },
  ],
  'JK-25': [
    'CHOICE',
    'RFC 9111 §4.2.4, §5.2.2; RFC 5861 §4',
    'network',
    'When a refresh fails the last good set is used up to the hard bound, whatever it said of caching; strictHttpCache obeys.',
  ],
  'JK-26': [
    'SHOULD',
    'RFC 9111 §4.3',
    'network',
    'A set with an ETag or Last-Modified is asked for conditionally; 304 makes it fresh again.',
  ],
  'JK-27': ['CHOICE', 'Project', 'network', 'One fetch at a time for each set, shared by all who wait.'],
  'JK-28': ['CHOICE', 'Project', 'network', 'A set is refreshed ahead of its staleness; no request waits for that.'],
  'JK-29': [
    'CHOICE',
    'CVE-2026-48524',
    'network',
    'Fetches for unknown "kid"s are bounded for each issuer, and tokens with known ones do not notice.',
    {
      decided:
        'Three at once, and one more each 30 s. A "kid" for which no fetch is left gets 503 and not 401: nobody knows whether its key is new, and 401 would make a client throw a good token away.',
    },
  ],
  'JK-30': [
    'CHOICE',
    'Project',
    'network',
    'A new "kid" for which no fetch is left is found when the next one is due; scheduled refreshes go on meanwhile.',
  ],
  'JK-31': [
    'MUST',
    'CVE-2026-48524',
    'network',
    'A fetch that fails, or brings something that is no key set, leaves the last good set as it is.',
  ],
  'JK-32': ['CHOICE', 'Project', 'request', 'Without any key set yet the answer is 503, not 401.'],
  'JK-33': [
    'CHOICE',
    'Project',
    'request',
    'While the set cannot be fetched, an unknown "kid" is refused only if the set is known to be current.',
    {
      decided:
        'Current is a set that was asked for after the request came, or at most 5 s before. One that is merely fresh proves nothing about a key that was rotated since: 503.',
    },
  ],
  'JK-34': [
    'CHOICE',
    'Project',
    'network',
    'A valid answer without a key withdraws all keys, and an event says so.',
    {
      decided:
        'A second answer at least 60 s later must agree, because a broken deployment looks the same. The keys are then gone and requests get 503, not 401: no token was called bad.',
    },
  ],
  'JK-35': ['CHOICE', 'Project', 'request', 'A key that a refresh no longer brings verifies nothing from then on.'],
  'JK-36': [
    'CHOICE',
    'Project',
    'network',
    'A fetch is a GET that accepts key sets; 200 alone counts; size, time and number of keys are bounded.',
  ],
  'JK-37': [
    'CHOICE',
    'RFC 9110 §15.4',
    'network',
    'Redirects are not followed.',
    { decided: 'There is no option to follow them: whoever moves keys can say so in the metadata or in jwksUri.' },
  ],
  'JK-38': [
    'CHOICE',
    'Project',
    'network',
    'Attempts after a failure come at growing, random pauses; Retry-After is honoured up to a cap.',
    {
      decided:
        'The upper half of each pause is random, not all of it, so that no pause is next to nothing. The cap is 30 s: a longer one would hide a recovery.',
    },
  ],
  'JK-39': ['CHOICE', 'Project', 'process', 'A key is imported once, and again only when it has changed.'],
  'JK-40': [
    'CHOICE',
    'Project',
    'configuration',
    'Keys can be pinned, and are judged like published ones when written.',
  ],
  'JK-41': [
    'MUST',
    'RFC 7638 §3.2, §3.3',
    'process',
    'A thumbprint is the SHA-256 of the required members alone, in lexicographic order and without white space.',
  ],
  'JK-42': [
    'MUST',
    'RFC 7638 §3.2; RFC 8037 §2',
    'process',
    'The members that count are crv, kty, x, y for EC; e, kty, n for RSA; crv, kty, x for OKP.',
  ],
  'JK-43': [
    'CHOICE',
    'RFC 7638 §3.3',
    'request',
    'A key whose thumbprint a token is bound to is spelt canonically, or refused.',
    {
      decided:
        'The thumbprint of a proof is computed from its members as they are written, and its key is then held to one spelling. Published EC and OKP keys must be canonical already; zeros that lead RSA numbers are tolerated as in JK-16.',
    },
  ],
  'JK-44': [
    'CHOICE',
    'Project',
    'process',
    'The status tells the age, the last trouble, the key ids and the next fetch; ready() resolves when each issuer has keys.',
  ],
} as const satisfies Section
