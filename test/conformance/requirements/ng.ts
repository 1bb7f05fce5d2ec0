import type { Section } from '../requirement.ts'
import { NG_TRANSPORT } from './ng-transport.ts'

/** Attacks with tokens and keys: on signatures, on what JSON says, and with tokens of another kind. */
const NG_TOKENS = {
  // algorithms and keys
  'NG-01': [
    'MUST',
    'CVE-2015-2951, CVE-2022-23540, CVE-2021-22160',
    'request',
    'A token with alg "none" is refused, whatever stands where its signature would.',
  ],
  'NG-02': ['MUST', 'JWT BCP draft §2.11', 'request', 'Names of algorithms are compared exactly.'],
  'NG-03': [
    'MUST',
    'CVE-2015-9235, CVE-2016-10555, CVE-2016-5431, CVE-2022-23541',
    'request',
    'A public key, in whatever form, never serves as the secret of an HMAC.',
  ],
  'NG-04': [
    'MUST',
    'CVE-2023-48223, CVE-2026-34950, CVE-2017-11424, CVE-2022-29217, CVE-2024-33663, CVE-2026-48526',
    'configuration',
    'Keys are typed: text is never guessed to be one, and octets that are a public key are no secret.',
  ],
  'NG-05': [
    'MUST',
    'CVE-2026-22817, CVE-2026-22818',
    'request',
    'Where a published key names no algorithm, configuration chooses it and never the token.',
  ],
  'NG-06': ['MUST', 'CVE-2021-46743', 'request', 'A kid never leads to a key of another type than the alg asks for.'],
  'NG-07': [
    'MUST',
    'CVE-2026-48523',
    'request',
    'An algorithm that is not allowed stays so when a published key names it.',
  ],
  'NG-08': [
    'MUST',
    'CVE-2026-44351',
    'request',
    'A resolver that yields no secret or key makes the answer 503, and no call is made without credentials.',
  ],
  'NG-09': ['MUST', 'CVE-2018-0114', 'request', 'A key in the header of a token verifies nothing.'],
  'NG-10': [
    'MUST',
    'CVE-2024-21643, CVE-2024-1233, JWT BCP draft §3.10',
    'network',
    'URLs in the header of a token are never called.',
  ],
  'NG-11': ['MUST', 'JWT BCP draft §3.10', 'request', 'Certificates in the header of a token verify nothing.'],
  'NG-12': [
    'MUST',
    'JWT BCP draft §3.10',
    'request',
    'A kid is a name to compare and nothing else: no path, query, URL or member of a prototype.',
  ],
  'NG-13': [
    'MUST',
    'CVE-2025-59420, CVE-2026-32597, CVE-2026-35042',
    'request',
    'A critical header parameter that is not understood makes the token invalid, and none is.',
  ],
  'NG-14': ['MUST', 'RFC 7797 §7', 'request', 'A payload that is not encoded is refused.'],
  'NG-15': ['MUST', 'CVE-2022-21449', 'request', 'ECDSA signatures with numbers out of range are refused.'],
  'NG-16': [
    'MUST',
    'CVE-2020-28042',
    'request',
    'An empty, shortened or lengthened signature is refused for every algorithm.',
  ],
  'NG-17': ['MUST', 'CVE-2022-25898', 'request', 'A character that is not base64url is refused and never skipped.'],
  'NG-18': [
    'MUST',
    'RFC 4648 §3.5',
    'request',
    'A token has one spelling: stray trailing bits and padding are refused.',
  ],
  'NG-19': [
    'MUST',
    'RFC 7518 §3.4',
    'request',
    'An ECDSA signature in DER, of another size, or by a key of another curve is refused.',
  ],
  'NG-20': [
    'MUST',
    'JWT BCP draft §3.4',
    'request',
    'A published point that is not on its curve is no key, and the others stay.',
  ],
  'NG-21': [
    'CHOICE',
    'RFC 8037 §4',
    'request',
    'A published Edwards curve point of small order, for which signatures can be made up, is no key.',
  ],
  'NG-22': [
    'MUST',
    'CVE-2022-23539, RFC 7518 §3.3',
    'request',
    'Weak keys are never used: short RSA moduli, bad exponents, small curves, short secrets.',
  ],
  'NG-23': [
    'SHOULD',
    'RFC 7518 §8.6, CVE-2023-6237',
    'request',
    'Huge keys and exponents are refused before any arithmetic with them.',
  ],
  'NG-24': [
    'MUST',
    'CVE-2021-30246, RFC 7515 §10.6',
    'request',
    'An RSA signature whose padding is not exactly right is refused, under a small exponent, too.',
  ],
  'NG-25': [
    'CHOICE',
    'CVE-2017-15361',
    'documentation',
    'RSA keys from the ROCA generator are not looked for: that is for the issuer, whose keys they are.',
    {
      decided:
        'Whoever can read the published key set can test it once; a check at each import would be work that every deployment pays for. WY-05 lists the vectors.',
    },
  ],
  'NG-26': ['MUST', 'CVE-2025-65945', 'request', 'What the payload says has no part in the choice of a key.'],
  'NG-27': [
    'MUST',
    'CVE-2022-39227',
    'request',
    'A text that is compact to one parser and JSON to another is refused.',
    {
      decided:
        'Where such a text has quotes, commas or spaces, as every JSON serialization has, it is no token68 and the header is malformed: 400 invalid_request. Without them it is a malformed token: 401. It is parsed as JSON by nobody.',
    },
  ],
  'NG-28': [
    'MUST',
    'CVE-2026-29000, CVE-2023-51774',
    'request',
    'What anybody can encrypt to us proves nothing: an encrypted token needs a signed one inside.',
  ],
  'NG-29': [
    'MUST',
    'CVE-2024-28176, CVE-2024-21319, CVE-2024-28180, CVE-2025-62706, CVE-2024-33664',
    'request',
    'Compressed encrypted tokens are refused and never inflated.',
  ],
  'NG-30': [
    'MUST',
    'CVE-2022-36083, CVE-2023-52428, CVE-2023-51775',
    'request',
    'Encryption by password is not implemented, so no iteration count costs anything.',
  ],
  'NG-31': [
    'MUST',
    'CVE-2017-16007',
    'request',
    'An ephemeral key that is not a point of our curve is refused before a secret is agreed on.',
  ],
  'NG-32': [
    'MUST',
    'RFC 7518 §8.3, RFC 7516 §11.5',
    'request',
    'RSA1_5 is refused before its key is used, and every failure to decrypt looks the same.',
  ],

  // JSON, claims and numbers
  'NG-33': [
    'MUST',
    'RFC 7515 §4, RFC 8259 §4',
    'request',
    'Duplicate member names are refused at every depth of every document, however they are escaped.',
  ],
  'NG-34': [
    'MUST',
    'Project',
    'request',
    'Member names such as "__proto__" are data: nothing is polluted, and inherited members are never found.',
  ],
  'NG-35': ['MUST', 'CVE-2026-25537', 'request', 'A claim of the wrong type is refused and never taken for absent.'],
  'NG-36': ['MUST', 'RFC 7519 §4.1.4', 'request', 'A JWT without "exp" is refused in both profiles.'],
  'NG-37': [
    'MUST',
    'RFC 8259 §6',
    'request',
    'Only a time within the years that are written with four digits, and in the future, lets a token live.',
  ],
  'NG-38': ['CHOICE', 'Project', 'request', 'A token that does not end after it begins and was issued is refused.'],
  'NG-39': [
    'MUST',
    'CVE-2025-30144, CVE-2024-53861',
    'request',
    'An issuer is one text, compared whole: no list, object, prefix or part.',
  ],
  'NG-40': [
    'MUST',
    'CVE-2020-26160',
    'request',
    'An audience that is empty or of another type is refused, and one must be configured.',
  ],
  'NG-41': [
    'MUST',
    'CVE-2025-62610, CVE-2018-15801, CVE-2026-22748',
    'configuration',
    'A server without issuer or audience cannot be built.',
  ],
  'NG-42': ['CHOICE', 'Project', 'request', 'An audience that is equal only as a URL is another audience.'],
  'NG-43': [
    'MUST',
    'RFC 7515 §5.2, RFC 8259 §8.1',
    'request',
    'Only valid UTF-8 is read; a lone surrogate equals nothing that is configured and breaks nothing.',
  ],
  'NG-44': ['CHOICE', 'Project', 'request', 'Look-alikes and other normal forms are other names.'],
  'NG-45': ['CHOICE', 'CVE-2025-53864', 'request', 'Depth and number of members are bounded, without recursion.'],
  'NG-46': [
    'MUST',
    'CVE-2025-22868, CVE-2025-27144, CVE-2025-30204, CVE-2025-61920, CVE-2026-48525',
    'request',
    'An oversized token is refused before anything of it is decoded, and segments are never collected.',
  ],
  'NG-47': [
    'CHOICE',
    'Project',
    'process',
    'Claims stand apart from what the library says of a token, and nothing calls them.',
  ],

  // token kinds and substitution
  'NG-48': [
    'MUST',
    'RFC 9068 §2.1, §5',
    'request',
    'An ID token is no access token, in either profile.',
    {
      decided:
        'In profile jwt, which asks for no typ, an ID token that names our audience is told by nonce, by the hash claims and by what vendors write. One without any of them says nothing that an access token could not say: there requiredClaims must name the difference.',
    },
  ],
  'NG-49': [
    'MUST',
    'RFC 8725 §2.8, RFC 8417 §4.2, OIDC Back-Channel Logout §4',
    'request',
    'Security events and logout tokens are no access tokens.',
  ],
  'NG-50': ['MUST', 'RFC 9701 §8.1', 'request', 'A signed introspection answer is no access token.'],
  'NG-51': ['MUST', 'RFC 9449 §11.5', 'request', 'A DPoP proof is no access token, and an access token no proof.'],
  'NG-52': [
    'MUST',
    'JWT BCP draft §3.12',
    'request',
    'Other JWTs of the same issuer, such as assertions and refresh tokens, are no access tokens.',
  ],
  'NG-53': ['MUST', 'RFC 9700 §2.3', 'request', 'A token for another API of the same issuer is refused.'],
  'NG-54': [
    'MUST',
    'JWT BCP draft §3.8',
    'request',
    'The keys of one issuer never vouch for another, whatever names and hosts they share.',
  ],
  'NG-55': [
    'MUST',
    'RFC 9449 §7.2, RFC 8705 §3',
    'request',
    'A token that is bound to a key does nothing for whoever does not prove that key.',
  ],
  'NG-56': [
    'MUST',
    'RFC 9449 §7',
    'request',
    'A proof made for one token does nothing for another of the same key.',
    { deferred: 'later' },
  ],
  'NG-57': [
    'CHOICE',
    'RFC 7662 §2.1',
    'request',
    'A refresh token or an authorization code does not pass by way of introspection.',
  ],
  'NG-58': [
    'MUST',
    'RFC 9700 §4.15',
    'request',
    "A client's own token never passes for that of a user who has the same identifier.",
  ],
} as const satisfies Section

export const NG = { ...NG_TOKENS, ...NG_TRANSPORT } as const satisfies Section
