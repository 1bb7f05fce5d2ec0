import type { Section } from '../requirement.ts'

const LATER = { deferred: 'later' } as const

/** Attacks by way of HTTP, of the network towards the authorization server, of introspection, secrets and guards. */
export const NG_TRANSPORT = {
  // transport and headers
  'NG-59': ['MUST', 'RFC 9110 §5.3', 'request', 'Two Authorization lines are refused, whatever stands in them.'],
  'NG-60': ['CHOICE', 'Project', 'request', 'Credentials that a proxy joined by a comma are refused like two lines.'],
  'NG-61': [
    'MUST',
    'RFC 6750 §3.1',
    'request',
    'A token in query or body never stands in for the one in the header, nor beside it unnoticed where that is watched.',
  ],
  'NG-62': [
    'MUST',
    'RFC 9110 §11.1',
    'request',
    'The scheme may be written in any case; what only looks like it is another scheme.',
  ],
  'NG-63': [
    'CHOICE',
    'Project',
    'request',
    'Nothing but spaces may stand between scheme and token, and nothing after it.',
  ],
  'NG-64': [
    'CHOICE',
    'Project',
    'request',
    'A folded line, a bare line feed or a NUL never gets part of a field used.',
  ],
  'NG-65': ['CHOICE', 'Project', 'request', 'What can be no token is refused without asking anybody.'],
  'NG-66': ['CHOICE', 'Project', 'request', 'A flood of header fields gets a 4xx for bounded work.'],
  'NG-67': ['MUST', 'RFC 9110 §5.5', 'request', 'No text that others choose can begin a header line or cause a 500.'],
  'NG-68': ['MUST', 'RFC 9110 §5.6.4', 'request', 'No text that others choose can add a parameter to a challenge.'],
  'NG-69': ['CHOICE', 'CWE-117', 'process', 'No text that others choose can forge, split or swell an event.'],
  'NG-70': [
    'CHOICE',
    'CVE-2019-7644',
    'request',
    'Clients hear one of a fixed list of texts, and nothing of what was expected or went wrong.',
  ],
  'NG-71': [
    'CHOICE',
    'RFC 9449 §4.3',
    'request',
    'A header that names another method changes nothing: the method of the request counts.',
    {
      decided:
        'Tested for bearer tokens. A proof of possession names a method, too; that is judged once DPoP is built.',
    },
  ],
  'NG-72': [
    'CHOICE',
    'RFC 9700 §4.13',
    'request',
    'What strangers say about scheme, host, prefix, address or certificate is not believed.',
  ],
  'NG-73': [
    'CHOICE',
    'Project',
    'request',
    'No spelling of a path reaches a guarded handler past its guard.',
    { decided: 'Tested for bearer tokens. A proof of possession names a URL, too; that is judged once DPoP is built.' },
  ],
  // DPoP
  'NG-74': ['MUST', 'RFC 9449 §11.1', 'request', 'No proof is taken twice.', LATER],
  'NG-75': ['MUST', 'RFC 9449 §11.2, §11.3', 'request', 'No proof made in advance is taken.', LATER],
  'NG-76': ['MUST', 'RFC 9449 §4.2', 'request', 'No private, symmetric or weak key proves anything.', LATER],
  'NG-77': ['MUST', 'RFC 7638', 'request', 'One key has one thumbprint, however a proof spells it.', LATER],
  'NG-78': ['CHOICE', 'RFC 9449 §4.3', 'request', 'The URL in a proof is compared normalised, and bounded.', LATER],
  'NG-79': ['CHOICE', 'Project', 'request', 'Unsigned proofs fill no memory.', LATER],
  'NG-80': ['MUST', 'CVE-2020-5300; RFC 9449 §11.1', 'request', 'The jti of a proof counts within its key.', LATER],
  // discovery, key sets, outgoing requests
  'NG-81': [
    'MUST',
    'RFC 8414 §6.2; OIDC Discovery §7.2',
    'network',
    'A document that names another issuer than the one asked is no document.',
  ],
  'NG-82': [
    'MUST',
    'JWT BCP draft §2.9, §3.10',
    'network',
    'Nothing in a token or an answer makes us contact a host that configuration and verified metadata do not name.',
  ],
  'NG-83': ['MUST', 'CVE-2026-48522', 'network', 'Keys and metadata come over https only.'],
  'NG-84': [
    'CHOICE',
    'Project',
    'network',
    'Where private networks are denied, no name, redirect or spelling leads into one.',
  ],
  'NG-85': [
    'MUST',
    'CVE-2024-30260',
    'network',
    'No redirect is followed, so that none carries a token or credential away.',
  ],
  'NG-86': ['MUST', 'CVE-2026-48524', 'network', 'Random kids cause few fetches, and a failed fetch removes no keys.'],
  'NG-87': [
    'CHOICE',
    'Project',
    'request',
    'A kid counts within its issuer, and after a refresh for its new key only.',
  ],
  'NG-88': [
    'CHOICE',
    'Project',
    'network',
    'A hostile key set is dropped within its limits, and the keys of before go on working.',
  ],
  'NG-89': [
    'CHOICE',
    'Project',
    'network',
    'No caching header makes a document live longer or shorter than its bounds; only 200 is an answer.',
  ],
  'NG-90': [
    'CHOICE',
    'Project',
    'network',
    'How long a document is fresh depends on differences between its own times, not on our clock.',
  ],
  // introspection and cache
  'NG-91': ['MUST', 'RFC 7662 §2.2; Symfony #65881', 'request', 'Only the JSON value true means active.'],
  'NG-92': [
    'MUST',
    'CVE-2021-32701',
    'request',
    'A cached answer is held against audience, scope and expiry on every use.',
  ],
  'NG-93': ['MUST', 'CVE-2026-35030', 'request', 'Tokens that share a beginning, however long, are two tokens.'],
  'NG-94': [
    'MUST',
    'CVE-2026-35039',
    'request',
    'A verdict is kept under the digest of the whole token, and no option says otherwise.',
  ],
  'NG-95': [
    'CHOICE',
    'Project',
    'request',
    'No two tokens, however spelt, share a cache key.',
    {
      decided:
        'The key is a digest of the token alone, in a store that belongs to one server: there is nothing to join, so nothing to join ambiguously. Revocations by claim, which do join parts, are keyed by JSON.',
    },
  ],
  'NG-96': ['CHOICE', 'Project', 'request', 'What one issuer or one server was told says nothing to another.'],
  'NG-97': [
    'MUST',
    'RFC 7662 §4',
    'request',
    'No answer outlives the exp it names, stale or not, whatever the clock does.',
  ],
  'NG-98': ['CHOICE', 'Project', 'request', 'A revocation wins over every answer whose question was asked before it.'],
  'NG-99': [
    'CHOICE',
    'Project',
    'process',
    'A flood of junk fills bounded memory of its own, and pushes no good token out.',
  ],
  'NG-100': [
    'CHOICE',
    'Project',
    'network',
    'Junk costs fewer calls than requests, and never more at a time than the limit.',
  ],
  'NG-101': [
    'CHOICE',
    'Project',
    'request',
    'Who slows the endpoint down gains grace at most, never past exp, and nothing against a revocation.',
  ],
  'NG-102': ['CHOICE', 'Project', 'request', 'An answer about another issuer or audience is refused.'],
  'NG-103': [
    'CHOICE',
    'Project',
    'request',
    'An answer that contradicts itself, or has members of the wrong type, admits nobody.',
  ],
  'NG-104': [
    'CHOICE',
    'Project',
    'request',
    'What is no introspection answer is trouble: 503, or what is known; not kept, told once.',
  ],
  'NG-105': [
    'CHOICE',
    'Project',
    'request',
    'The endpoint rejecting us is not a token being inactive, nor the reverse.',
  ],
  'NG-106': [
    'MUST',
    'RFC 9701 §5',
    'network',
    'A signed answer cannot be replaced by an unsigned or foreign one.',
    LATER,
  ],
  'NG-107': ['CHOICE', 'Project', 'process', 'A store that was changed or put back revives no revoked token.'],
  'NG-108': [
    'CHOICE',
    'Project',
    'network',
    'At expiry and after an outage one call is made for each token, spread out.',
  ],
  // secrets, time, resources
  'NG-109': ['CHOICE', 'CVE-2024-47178', 'process', 'Secrets are compared in constant time, after their lengths.'],
  'NG-110': [
    'CHOICE',
    'Project',
    'documentation',
    'What timing tells is that a token was seen before, or how far an unsigned one got; the threat model says so.',
  ],
  'NG-111': ['CHOICE', 'Project', 'request', 'No parser can be kept busy: twice the input is about twice the work.'],
  'NG-112': ['MUST', 'fast-jwt ReDoS advisory 2026', 'configuration', 'No option takes a regular expression.'],
  'NG-113': ['CHOICE', 'Project', 'process', 'Hostile input causes no crash, no unhandled rejection and no 500.'],
  'NG-114': [
    'CHOICE',
    'Project',
    'process',
    'Only strings are read from headers, and only true or a known refusal from hooks.',
  ],
  'NG-115': ['CHOICE', 'Project', 'process', 'No error, event, status or cache keeps a token.'],
  // events and status
  'NG-116': ['MUST', 'RFC 8935 §2', 'request', 'A forged event has no effect.', LATER],
  'NG-117': ['CHOICE', 'Project', 'request', 'No event can refuse everybody.', LATER],
  'NG-118': ['CHOICE', 'Project', 'process', 'Lost events are made up for by lifetimes.', LATER],
  'NG-119': ['CHOICE', 'OIDC Back-Channel Logout 1.0', 'request', 'An unsigned logout has no effect.', LATER],
  'NG-120': [
    'MUST',
    'Token Status List draft §8.3, §11.1',
    'network',
    'A status is read from the right bit of the right list.',
    LATER,
  ],
  'NG-121': ['CHOICE', 'Project', 'request', 'A token without a status can be refused.', LATER],
  // step-up, scope, guards
  'NG-122': [
    'CHOICE',
    'RFC 9470 §9',
    'request',
    'acr and auth_time of another type, or from the future, satisfy nobody.',
  ],
  'NG-123': ['CHOICE', 'Project', 'request', 'Only exact, space-separated scope tokens grant anything.'],
  'NG-124': ['CHOICE', 'Project', 'request', 'A guard that is reached without protect refuses, wherever it stands.'],
  'NG-125': [
    'CHOICE',
    'Project',
    'request',
    'A guard says no to every method that reaches it, HEAD, OPTIONS and unknown ones included.',
  ],
} as const satisfies Section
