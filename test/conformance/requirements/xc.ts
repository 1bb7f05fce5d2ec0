import type { Section } from '../requirement.ts'

export const XC = {
  'XC-01': [
    'CHOICE',
    'Project',
    'request',
    'Whatever fails unexpectedly while a request is judged gets it 500 or 503; no handler runs.',
  ],
  'XC-02': [
    'CHOICE',
    'Project',
    'configuration',
    'Options are checked when the server is built; an unknown one is an error that names the nearest right one.',
  ],
  'XC-03': [
    'MUST',
    'RFC 9068 §4; RFC 9700 §2.3',
    'configuration',
    'No JWT is verified without an issuer and an audience that were written down.',
    {
      decided:
        'There is no option that switches the audience of JWTs off, however it is named. Only the audience of introspection answers may be waived, by introspection.audience, because RFC 7662 leaves it out.',
    },
  ],
  'XC-04': [
    'CHOICE',
    'Project',
    'configuration',
    'Issuers and audiences are exact texts or lists of them; patterns and functions are refused.',
  ],
  'XC-05': [
    'CHOICE',
    'RFC 8707 §2',
    'configuration',
    'An audience that is a URI has no fragment; any other text may be one.',
  ],
  'XC-06': [
    'CHOICE',
    'Project',
    'configuration',
    'Clock, timers, chance, network and signature arithmetic can be replaced; trust anchors are set for each issuer.',
  ],
  'XC-07': [
    'CHOICE',
    'Project',
    'request',
    'Claims are held against the wall clock, waits and ages against the monotonic one.',
    {
      decided:
        'Waits, pauses and budgets go by the monotonic clock alone. The age of evidence is the larger of both differences, because a machine that slept shows on the wall clock only; a negative one counts as expired.',
    },
  ],
  'XC-08': [
    'CHOICE',
    'Project',
    'process',
    'Events are structured and hold no token; every text in them that others chose is one short line of printable characters.',
    {
      decided:
        'Events name no kid, not even its digest: a kid is chosen by whoever wrote the token, and the operator finds the published ones in status().',
    },
  ],
  'XC-09': [
    'CHOICE',
    'Project',
    'request',
    'Why a request was refused is one of a closed list of reasons, finer than what the client hears.',
  ],
  'XC-10': [
    'CHOICE',
    'Project',
    'request',
    'The verdict depends on the request alone: every framework and the core by itself give the same answer.',
  ],
  'XC-11': [
    'CHOICE',
    'Project',
    'request',
    'Refusals are written by the adapter unless the application asks for the error; the challenge then survives its error handling.',
  ],
  'XC-12': [
    'CHOICE',
    'Project',
    'request',
    'Mount paths, applications inside applications and rewritten URLs change neither the metadata path nor a guard.',
  ],
  'XC-13': [
    'CHOICE',
    'Project',
    'process',
    'Two servers in one process share no cache, no endpoint state and no revocation.',
  ],
  'XC-14': [
    'CHOICE',
    'Project',
    'request',
    'A request that meets the same server twice is judged once; another server judges it anew.',
  ],
  'XC-15': [
    'CHOICE',
    'Project',
    'process',
    'A client that leaves ends its own wait only: the call goes on for the others, and nothing is left unhandled.',
  ],
  'XC-16': [
    'CHOICE',
    'Project',
    'process',
    'close() ends timers and sockets, no timer keeps a process alive, and who waits hears 503.',
  ],
  'XC-17': [
    'CHOICE',
    'Project',
    'process',
    'Importing the packages does nothing: no timer, no socket, no listener, no changed global.',
    {
      decided:
        'Three things live in a module: a bounded memo of parsed JOSE headers, which is a pure function of their text; what was warned about once; and how many signature checks the process has in its thread pool, which is one for all servers.',
    },
  ],
  'XC-18': [
    'CHOICE',
    'Project',
    'request',
    'A verification does at most one signature check and one digest, and a token seen before no arithmetic at all.',
  ],
  'XC-19': [
    'CHOICE',
    'Project',
    'request',
    'The time that parsers take grows with the length of what strangers send, not faster.',
  ],
  'XC-20': [
    'CHOICE',
    'Project',
    'process',
    'Errors are of one class with status, code, reason and the headers to answer with; printed or serialised they tell no secret.',
  ],
  'XC-21': [
    'CHOICE',
    'Project',
    'request',
    'A success says issuer, subject, client, scopes, claims, kind, binding, evidence and expiry; what is absent is undefined.',
    {
      decided:
        'The kind is that of the subject (user, client, unknown). How the token was verified, how old that is and whether it is stale stand together in evidence.',
    },
  ],
  'XC-22': [
    'CHOICE',
    'Project',
    'network',
    'A JWT picks its issuer by its exact iss; an opaque token goes to the one issuer whose rule takes it, never to all.',
    {
      decided:
        'Rules for opaque tokens look at the token (prefix, length, alphabet, a test), not at headers or routes: several servers may be mounted on different routes instead.',
    },
  ],
  'XC-23': ['CHOICE', 'RFC 9700 §4.9.1', 'network', 'No endpoint of another issuer ever sees a token.'],
  'XC-24': [
    'CHOICE',
    'Project',
    'configuration',
    'Limits have stated defaults and bounds; a number out of bounds is refused.',
    {
      decided:
        'What deployments differ in is an option with bounds. Limits that nothing legitimate meets (header and document sizes, JSON depth, candidates for a kid, key sizes, the budget for unknown kids) are constants: an option could only weaken them.',
    },
  ],
  'XC-25': ['CHOICE', 'Project', 'process', 'The public types are strict: no result is of type any.'],
} as const satisfies Section
