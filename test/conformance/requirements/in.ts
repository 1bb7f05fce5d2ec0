import type { Section } from '../requirement.ts'

export const IN = {
  'IN-01': [
    'MUST',
    'RFC 7662 §2.1',
    'network',
    'Introspection is a POST of a form in which the token stands once and decodes to what was presented.',
  ],
  'IN-02': [
    'MAY',
    'RFC 7662 §2.1',
    'network',
    'token_type_hint=access_token is sent, unless introspection.tokenTypeHint is false.',
  ],
  'IN-03': ['MUST', 'RFC 7662 §4', 'network', 'The token stands in no URL and in no header field of the call.'],
  'IN-04': [
    'MUST',
    'RFC 7662 §2, §4',
    'network',
    'The endpoint is https, and its certificate, authority and name are checked before anything is sent.',
  ],
  'IN-05': [
    'MUST',
    'RFC 7662 §2.1, §4',
    'configuration',
    'How we authenticate has to be said; leaving it out is an error, and so is anything that this library did not make.',
  ],
  'IN-06': [
    'MAY',
    'RFC 7662 §2.1',
    'network',
    'Further parameters may be sent; answers to other parameters are not shared.',
    {
      decided:
        'Parameters are a static map of each issuer. A function of the request would make the answer depend on more than the token, and what is known of a token is kept by its digest; an API that needs other parameters has a server, and thereby a cache, of its own.',
    },
  ],
  'IN-07': ['MUST', 'RFC 7662 §2.2', 'request', 'A token is active only if "active" is the JSON value true.'],
  'IN-08': [
    'CHOICE',
    'RFC 7662 §2.2',
    'request',
    'An answer without a boolean "active" is no verdict: 503, and nothing of it is kept.',
    {
      decided:
        'Such an answer counts as trouble like any other, so that a token known before may be served within its grace: it neither vouches for the token nor contradicts what the server said before, and a broken proxy in front of the endpoint must not end every session at once.',
    },
  ],
  'IN-09': ['MUST', 'RFC 7662 §2.2', 'request', 'A token called inactive is refused, whatever else the answer says.'],
  'IN-10': [
    'MUST',
    'RFC 7662 §2.2',
    'request',
    'A verdict is a 200 with a JSON object as application/json, or with introspection.structuredSuffix as +json; anything else is none.',
  ],
  'IN-11': [
    'MUST',
    'RFC 7662 §2.2',
    'request',
    'A member of the wrong type makes the whole answer unusable; times may have fractions.',
    {
      decided:
        'There are no switches for servers with other types. What is met in the field and cannot be misread is always tolerated instead: null for what is not known, exp 0 for what does not expire, and scope as a list of scope tokens.',
    },
  ],
  'IN-12': ['MUST', 'RFC 7662 §2.2', 'request', 'An answer may consist of "active" alone.'],
  'IN-13': [
    'CHOICE',
    'RFC 7662 §4',
    'request',
    'A token past its exp, or before its nbf, is refused even where the server calls it active.',
  ],
  'IN-14': ['CHOICE', 'JWT BCP draft §3.8', 'request', 'An answer that names another issuer is refused.'],
  'IN-15': [
    'CHOICE',
    'RFC 9700 §2.3; MCP; RFC 7662 §2.2',
    'request',
    'introspection.audience says whether an answer must name this API: required unless said otherwise, ifPresent or off.',
  ],
  'IN-16': [
    'CHOICE',
    'RFC 7662 §2.1, §2.2',
    'request',
    'What says of itself that it is a refresh or ID token, or fails requiredClaims, is no access token.',
  ],
  'IN-17': [
    'MUST',
    'RFC 9449 §6.2; RFC 8705 §3.2',
    'request',
    'A token that its answer binds to a key is refused when it comes as a plain bearer token.',
  ],
  'IN-18': [
    'MUST',
    'RFC 9449 §6.2',
    'request',
    'cnf decides over binding, whatever token_type says; token_type DPoP without cnf is refused.',
  ],
  'IN-19': [
    'MAY',
    'RFC 9470 §6.2; RFC 8693 §4.1, §4.4; RFC 9396 §9.2',
    'request',
    'acr, auth_time, act, may_act and authorization_details of an answer mean to guards what they mean in a JWT.',
  ],
  'IN-20': [
    'MUST',
    'RFC 7662 §2.3',
    'request',
    'A 401 from the endpoint is about our credentials: 503 or grace and an event, never a refusal of the token.',
  ],
  'IN-21': [
    'CHOICE',
    'RFC 7662 §2.3',
    'request',
    'Any other 4xx says nothing of the token either; it is not tried again at once.',
    {
      decided:
        'Only 401, 403 and the errors invalid_client and unauthorized_client are taken for a rejection of us. Any other 4xx is first put down to its token, which is left alone for 10 s, and to the endpoint once three different tokens met it: else whoever finds a token that a firewall dislikes could close the endpoint for all.',
    },
  ],
  'IN-22': ['CHOICE', 'RFC 9110 §15.4', 'network', 'No redirect is followed with a token or credentials.'],
  'IN-23': [
    'CHOICE',
    'Project',
    'network',
    'An answer has a largest size and a call a total deadline, which also ends one that comes octet by octet.',
    { decided: 'The numbers are 64 KiB, 0.5 s to connect and 2 s in all: a request waits 1 s for a verdict.' },
  ],
  'IN-24': [
    'MUST',
    'RFC 7662 §5',
    'process',
    'What an answer says of a person is in no event, error or status; introspection.pick keeps only the members named.',
  ],
  'IN-25': [
    'MAY',
    'RFC 7662 §2.2',
    'process',
    'What one client was told is not used where another one asks, at once or after a restart.',
  ],
  'IN-26': [
    'MAY',
    'RFC 7662 §2.2, §4',
    'process',
    'Answers are kept for a short time; the trade-off is documented, and a server or a route can do without.',
    {
      decided:
        "A server does without by resilience: { fresh: '0s', grace: '0s' }, a route by fresh('0s'); there is no second pair of names for it.",
    },
  ],
  'IN-27': [
    'MUST',
    'RFC 7662 §4',
    'request',
    'No answer is used past its exp: not fresh, not stale, not in an outage.',
  ],
  'IN-28': [
    'CHOICE',
    'RFC 7662 §4',
    'request',
    'An answer without exp is used for its fresh time and its grace, and no longer.',
  ],
  'IN-29': [
    'MUST',
    'CVE-2026-35030; CVE-2026-35039',
    'process',
    'What is known of a token is found by a full digest of the whole token, within what was asked; no one can supply another key.',
  ],
  'IN-30': [
    'CHOICE',
    'RFC 9700 §4.9.3',
    'process',
    'Whoever sees a store cannot confirm a guess of a token in it.',
    {
      decided:
        'fileStore() seals whole records, digests included, with AES-256-GCM under a configured key, which hides more than keyed digests would. A store of your own gets the plain record and has to seal it, as its documentation says.',
    },
  ],
  'IN-31': [
    'MUST',
    'CVE-2021-32701',
    'request',
    'Kept is what the server said. Time, audience, issuer, binding and scope are judged anew for each request.',
  ],
  'IN-32': [
    'CHOICE',
    'Project',
    'request',
    'An answer is fresh for the configured time, for its max-age where that is shorter, and never past its exp.',
  ],
  'IN-33': [
    'CHOICE',
    'RFC 9111 §5.2.2.5; RFC 7662 §2.2',
    'request',
    'no-store on an answer binds this cache only with introspection.honourNoStore.',
  ],
  'IN-34': [
    'CHOICE',
    'Project',
    'process',
    'Inactive tokens are remembered apart, for a time and up to a number of their own; they displace no active one.',
  ],
  'IN-35': [
    'CHOICE',
    'RFC 7662 §2.2',
    'request',
    'A token called inactive is asked about again after 10 s, for it may become valid.',
  ],
  'IN-36': [
    'CHOICE',
    'Project',
    'request',
    'Many requests with one token make one call; each meets its own guards, and one that leaves takes none along.',
  ],
  'IN-37': [
    'CHOICE',
    'Project',
    'request',
    'A token in use is asked about ahead, behind its requests; if it is inactive the next request is refused.',
    { decided: 'Ahead means after about 80 % of the fresh time, by a use; no timer keeps unused tokens alive.' },
  ],
  'IN-38': ['CHOICE', 'Project', 'process', 'A store that fails changes where answers come from, never what they are.'],
  'IN-39': [
    'CHOICE',
    'Project',
    'process',
    'What comes from a store is checked like a live answer, and by its seal; what is wrong is not there.',
  ],
  'IN-40': [
    'CHOICE',
    'Project',
    'process',
    'What a request sees of an answer is frozen; none can change it for another.',
  ],
  'IN-41': [
    'CHOICE',
    'Project',
    'process',
    'An order to forget takes effect at once, on stale answers and on those under way, too.',
    {
      decided:
        'invalidate(token) asks again at the next use; revoke({ … }) by token, jti, sub, sid, clientId or issuer refuses until expiry. There is no third way that only empties a cache.',
    },
  ],
  'IN-42': [
    'CHOICE',
    'RFC 5861 §4; RFC 7662 §4',
    'request',
    'While no answer comes, a token may be served for its grace, never past exp, and its evidence says that it is stale.',
    {
      decided:
        'The grace is 300 s after a fresh time of 60 s; the evidence has the moment of the answer, which gives its age.',
    },
  ],
  'IN-43': [
    'CHOICE',
    'Project',
    'request',
    'Trouble with DNS, connection, TLS or time, 5xx, 429, a rejection of us, what is no JSON and a full queue are no verdict; inactive always is one.',
  ],
  'IN-44': [
    'CHOICE',
    'Project',
    'request',
    'A route can refuse stale answers: 503 where others are served.',
    { decided: 'By fresh(age), which asks for an answer of at most that age and is never satisfied by a stale one.' },
  ],
  'IN-45': [
    'CHOICE',
    'Project',
    'request',
    'Where nothing is known and nobody can tell: 503 with Retry-After, neither a challenge nor a handler.',
  ],
  'IN-46': [
    'CHOICE',
    'Project',
    'request',
    'A token called inactive stays refused with 401 while the endpoint cannot be asked again.',
  ],
  'IN-47': [
    'CHOICE',
    'Project',
    'request',
    'What was revoked is refused in an outage, too, whatever was known before.',
  ],
  'IN-48': [
    'CHOICE',
    'Project',
    'request',
    'An endpoint that fails is left alone but for probes; meanwhile no request waits for the network.',
    {
      decided:
        'No share of failures is enough: the endpoint is down when nothing was answered and five calls failed within 5 s; single probes then follow at growing distance up to 5 s, and the first answer begins the recovery.',
    },
  ],
  'IN-49': [
    'CHOICE',
    'Project',
    'network',
    'Calls in flight and tokens that wait for one are bounded; who finds no place gets 503 or the stale answer.',
    {
      decided:
        'The bounds are learnt: 10 calls at first, at most 100; 1,000 known and 256 new tokens wait at most 1 s.',
    },
  ],
  'IN-50': [
    'CHOICE',
    'Project',
    'network',
    'A call is tried again at most once, after a pause by chance, and never for a 4xx.',
    {
      decided:
        'Only failures of the connection are tried again, only while the endpoint is healthy, only for a caller who cannot be served without, and out of a budget. An answered 502, 503 or 504 is not: the server is there and has said that it cannot.',
    },
  ],
  'IN-51': [
    'CHOICE',
    'RFC 9110 §10.2.3',
    'network',
    'Retry-After on 429 or 5xx is a pause that is kept, 30 s at most.',
  ],
  'IN-52': [
    'CHOICE',
    'Project',
    'network',
    'After an outage tokens are asked about again a few at a time, not all at once.',
  ],
  'IN-53': [
    'CHOICE',
    'Project',
    'process',
    'A wall clock that is set back makes no answer younger; one that is set forward ends what it says has ended.',
  ],
  'IN-54': ['CHOICE', 'Project', 'process', 'A change of state is told once, however many requests meet it.'],
  'IN-55': [
    'CHOICE',
    'Project',
    'request',
    'Length, characters and spelling are checked before any call; what to do with JWTs is configured.',
    {
      decided:
        'JWTs of an issuer are verified locally, or introspected with jwt: false. There is no third mode that refuses them: those of issuers that are not listed are refused in any case, and an issuer that sends none has none to refuse.',
    },
  ],
  'IN-56': [
    'CHOICE',
    'Project',
    'request',
    'A JWT that is also introspected is verified first; one that fails causes no call.',
  ],
  'IN-57': [
    'MUST',
    'RFC 9701 §4',
    'network',
    'Where signed answers are configured they are asked for by Accept, and plain JSON is no verdict.',
  ],
  'IN-58': [
    'MUST',
    'RFC 9701 §5',
    'network',
    'A signed answer has the media type and the typ token-introspection+jwt.',
  ],
  'IN-59': [
    'MUST',
    'RFC 9701 §5',
    'network',
    'A signed answer names its issuer, us and a recent iat, and holds an object token_introspection.',
    {
      decided:
        'We are named by our client id or by an identifier of this API, because servers differ in which they write; introspection.signed.audience narrows that.',
    },
  ],
  'IN-60': [
    'MUST',
    'RFC 9701 §5',
    'network',
    'What a signed answer says of the token is read from token_introspection alone.',
  ],
  'IN-61': ['SHOULD', 'RFC 9701 §5', 'network', 'sub and exp beside token_introspection are ignored.'],
  'IN-62': [
    'CHOICE',
    'RFC 9701 §6',
    'network',
    "A signed answer uses the configured algorithm and a key of the issuer's set; never none, never HMAC.",
  ],
  'IN-63': ['MUST', 'RFC 9701 §5', 'network', 'An encrypted answer holds a signed one; anything else is no verdict.'],
  'IN-64': [
    'CHOICE',
    'Project',
    'network',
    'A signed answer made too long ago, or ahead of time, is no verdict, so that none is replayed later.',
  ],
} as const satisfies Section
