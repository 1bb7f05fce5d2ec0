import { systemSignatures } from '@holdfast/core'
import { expect } from 'vitest'
import {
  bigEndian,
  claimsOf,
  expectAccepted,
  expectRefused,
  FORGED_ALGORITHMS,
  type ForgedAlgorithm,
  headerFor,
  hmacWith,
  jwkFor,
  jws,
  publishing,
  type Signer,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const ALGORITHMS = { algorithms: FORGED_ALGORITHMS } as const

/** Octets of a coordinate, order of the group. */
const CURVES = {
  ES256: [32, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  ES384: [48, 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n],
  ES512: [
    66,
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ],
} as const

verifies('NG-15', 'refuses ECDSA signatures with numbers out of range', async (face) => {
  const names = Object.keys(CURVES) as (keyof typeof CURVES)[]
  const as = await publishing(names.map((alg) => jwkFor(alg)))
  const one = await api(face, { as, options: { jwt: { algorithms: names } } })
  const claims = claimsOf(as)
  for (const alg of names) {
    const [length, order] = CURVES[alg]
    await expectAccepted(one, jws(headerFor(alg), claims, signerFor(alg)))
    const real = signerFor(alg)
    const r = (signed: Buffer): Buffer => Buffer.from(real(signed)).subarray(0, length)
    const s = (signed: Buffer): Buffer => Buffer.from(real(signed)).subarray(length)
    const all = 2n ** BigInt(8 * length) - 1n
    const forged = (name: string, signer: Signer): [string, string] => [
      `${alg} ${name}`,
      jws(headerFor(alg), claims, signer),
    ]
    const numbers = { '0': 0n, '1': 1n, 'n-1': order - 1n, n: order, 'n+1': order + 1n, max: all }
    const pairs = Object.entries(numbers).flatMap(([nameR, numberR]) =>
      Object.entries(numbers).map(([nameS, numberS]) =>
        forged(`r=${nameR} s=${nameS}`, () => Buffer.concat([bigEndian(numberR, length), bigEndian(numberS, length)])),
      ),
    )
    const halves = Object.entries(numbers).flatMap(([name, number]) => [
      forged(`good r, s=${name}`, (signed) => Buffer.concat([r(signed), bigEndian(number, length)])),
      forged(`r=${name}, good s`, (signed) => Buffer.concat([bigEndian(number, length), s(signed)])),
    ])
    const swapped = forged('s then r', (signed) => {
      const whole = Buffer.from(real(signed))
      return Buffer.concat([whole.subarray(length), whole.subarray(0, length)])
    })
    // Pairs that are the same for every curve need not be asked of each.
    await expectRefused(
      one,
      'signature_invalid',
      Object.fromEntries([...(alg === 'ES256' ? pairs : pairs.slice(0, 8)), ...halves.slice(0, 8), swapped]),
    )
  }
})

verifies('NG-15', 'refuses numbers that are right but for a multiple of the order', async (face) => {
  const as = await publishing([jwkFor('ES512')])
  const one = await api(face, { as, options: { jwt: { algorithms: ['ES512'] } } })
  const [length, order] = CURVES.ES512
  // 66 octets have room above the order of P-521, so that r + n and s + n can be written down.
  const shifted = (shiftR: bigint, shiftS: bigint): string =>
    jws(headerFor('ES512'), claimsOf(as), (signed) => {
      const whole = Buffer.from(signerFor('ES512')(signed)).toString('hex')
      const [r, s] = [BigInt(`0x${whole.slice(0, 2 * length)}`), BigInt(`0x${whole.slice(2 * length)}`)]
      return Buffer.concat([bigEndian(r + shiftR, length), bigEndian(s + shiftS, length)])
    })
  await expectAccepted(one, shifted(0n, 0n))
  await expectRefused(one, 'signature_invalid', {
    'r + n': shifted(order, 0n),
    's + n': shifted(0n, order),
    both: shifted(order, order),
    's + 2n': shifted(0n, 2n * order),
  })
})

/** What may become of a signature on its way. */
const CHANGES: Readonly<Record<string, (signature: Buffer) => Uint8Array>> = {
  empty: () => Buffer.alloc(0),
  'one octet': (signature) => signature.subarray(0, 1),
  half: (signature) => signature.subarray(0, signature.length / 2),
  'without its last octet': (signature) => signature.subarray(0, -1),
  'without its first octet': (signature) => signature.subarray(1),
  'with an octet more': (signature) => Buffer.concat([signature, Buffer.alloc(1)]),
  'with a zero before': (signature) => Buffer.concat([Buffer.alloc(1), signature]),
  twice: (signature) => Buffer.concat([signature, signature]),
  'of zeros': (signature) => Buffer.alloc(signature.length),
  'of ones': (signature) => Buffer.alloc(signature.length, 0xff),
  'with one bit changed': (signature) => signature.map((octet, at) => (at === 9 ? octet ^ 1 : octet)),
}

verifies(
  'NG-16',
  'refuses empty, shortened and lengthened signatures of every algorithm',
  async (face) => {
    const as = await publishing(FORGED_ALGORITHMS.map((alg) => jwkFor(alg)))
    const one = await api(face, { as, options: { jwt: ALGORITHMS } })
    const claims = claimsOf(as)
    for (const alg of FORGED_ALGORITHMS) {
      await expectAccepted(one, jws(headerFor(alg), claims, signerFor(alg)))
      await expectRefused(
        one,
        'signature_invalid',
        Object.fromEntries(
          Object.entries(CHANGES).map(([name, change]) => [
            `${alg} ${name}`,
            jws(headerFor(alg), claims, (signed) => change(Buffer.from(signerFor(alg)(signed)))),
          ]),
        ),
      )
    }
  },
  { timeout: 30_000 },
)

verifies('NG-16', 'refuses an HMAC that is empty, shortened or lengthened', async (face) => {
  const secret = Buffer.alloc(64, 'k')
  for (const size of [256, 384, 512] as const) {
    const alg = `HS${size}` as const
    const one = await api(face, { options: { jwt: { sharedSecret: secret, algorithms: [alg] } } })
    const mac = hmacWith(secret, `sha${size}`)
    const signed = (signer: Signer): string => jws(headerFor(alg), claimsOf(one.as), signer)
    await expectAccepted(one, signed(mac))
    await expectRefused(one, 'signature_invalid', {
      ...Object.fromEntries(
        Object.entries(CHANGES).map(([name, change]) => [name, signed((octets) => change(Buffer.from(mac(octets))))]),
      ),
      'of another hash': signed(hmacWith(secret, size === 256 ? 'sha512' : 'sha256')),
      'with an empty secret': signed(hmacWith('', `sha${size}`)),
      'with half the secret': signed(hmacWith(secret.subarray(32), `sha${size}`)),
    })
  }
})

verifies('NG-16', 'knows one form of an Edwards curve signature', async (face) => {
  const orders = {
    Ed25519: 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n,
    Ed448: 2n ** 446n - 13_818_066_809_895_115_352_007_386_748_515_426_880_336_692_474_882_178_609_894_547_503_885n,
  } as const
  const as = await publishing([jwkFor('Ed25519'), jwkFor('Ed448')])
  const one = await api(face, { as, options: { jwt: { algorithms: ['Ed25519', 'Ed448'] } } })
  for (const alg of ['Ed25519', 'Ed448'] as const) {
    const shifted = (times: bigint): string =>
      jws(headerFor(alg), claimsOf(as), (signed) => {
        const whole = Buffer.from(signerFor(alg)(signed))
        const half = whole.length / 2
        const s = BigInt(`0x${Buffer.from(whole.subarray(half).toReversed()).toString('hex')}`)
        return Buffer.concat([whole.subarray(0, half), bigEndian(s + times * orders[alg], half).toReversed()])
      })
    await expectAccepted(one, shifted(0n))
    // The same point: where S is not held to its range, a signature has other spellings.
    await expectRefused(one, 'signature_invalid', { [`${alg}: S + L`]: shifted(1n), [`${alg}: S + 2L`]: shifted(2n) })
  }
})

verifies(
  'NG-16',
  'refuses empty, shortened and lengthened signatures with the arithmetic in the thread pool',
  async (face) => {
    const one = await api(face, {
      as: { algorithms: ['RS256', 'ES384', 'Ed25519'] },
      options: { ports: { signatures: systemSignatures() } },
    })
    for (const alg of ['RS256', 'ES384', 'Ed25519'] as const) {
      const good = one.as.jwt({ alg })
      const [header, payload, signature] = good.split('.')
      const octetsOf = Buffer.from(signature!, 'base64url')
      const forged = (changed: Uint8Array): string =>
        `${header}.${payload}.${Buffer.from(changed).toString('base64url')}`
      await expectAccepted(one, good)
      const attacks = [
        Buffer.alloc(0),
        octetsOf.subarray(1),
        Buffer.alloc(octetsOf.length),
        Buffer.concat([octetsOf, octetsOf]),
      ]
      // All at once: one is judged on the event loop, the others in the pool.
      const replies = await Promise.all(attacks.map((changed) => one.get('/', forged(changed))))
      expect(replies.map(({ status }) => status)).toEqual([401, 401, 401, 401])
    }
    expect(new Set(one.reasons())).toEqual(new Set(['signature_invalid']))
  },
)

verifies('NG-17', 'refuses every character that is not base64url, wherever it stands', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  // The question marks become an underscore.
  const good = jws(headerFor('ES256'), claimsOf(as, { pad: '????????' }), signerFor('ES256'))
  await expectAccepted(one, good)
  const parts = good.split('.')
  const inserted = (part: number, at: number, text: string): string =>
    parts
      .map((segment, index) => (index === part ? segment.slice(0, at) + text + segment.slice(at) : segment))
      .join('.')
  for (const character of ['=', '~', '+', '/', '==', '%', '!', '*', ';', ':', '\u00e9', '\u00ff', '\\', "'"]) {
    const attacks: Record<string, string> = {}
    for (const part of [0, 1, 2]) {
      attacks[`${character} in ${part}`] = inserted(part, 7, character)
      attacks[`${character} after ${part}`] = inserted(part, parts[part]!.length, character)
    }
    await expectRefused(one, 'token_malformed', attacks)
  }
  // Then the first segment is no JSON, and the text is nobody's JWT: introspection knows nothing of it.
  await expectRefused(one, 'token_inactive', { '+ before 0': `+${good}`, '/ before 0': `/${good}` })
  // What HTTP itself separates makes a request malformed, not a token.
  for (const character of [' ', '\t', ',', '"']) {
    const reply = await one.get('/', inserted(2, 7, character))
    expect([reply.status, one.reasons().at(-1)]).toEqual([400, 'credentials_malformed'])
  }
  await expectRefused(one, 'token_malformed', { 'base64 instead': good.replaceAll('-', '+').replaceAll('_', '/') })
  for (const end of ['\n', '\r\n', '\u0000', '\u2028', '\ufeff', '\u0141']) {
    expect(await one.server.verify(good + end)).toMatchObject({ outcome: 'invalid' })
  }
})

const ALPHABET = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

/** Other texts that Node decodes to the same octets: the last character has bits that say nothing. */
function twinsOf(segment: string): readonly string[] {
  const octetsOf = Buffer.from(segment, 'base64url')
  const others = ALPHABET.map((last) => segment.slice(0, -1) + last)
  return others.filter((twin) => twin !== segment && Buffer.from(twin, 'base64url').equals(octetsOf))
}

/** Spaces, so that the segment of a text ends in the middle of a character. */
function ragged(text: string): string {
  return Buffer.byteLength(text) % 3 === 0 ? `${text} ` : text
}

verifies('NG-18', 'knows one spelling of a token', async (face) => {
  const as = await publishing([jwkFor('ES256'), jwkFor('RS256'), jwkFor('Ed25519')])
  const one = await api(face, { as })
  for (const alg of ['ES256', 'RS256', 'Ed25519'] as const) {
    const header = ragged(JSON.stringify(headerFor(alg)))
    const good = jws(header, ragged(JSON.stringify(claimsOf(as))), signerFor(alg))
    const [first, second, third] = good.split('.') as [string, string, string]
    const spellings = [
      ...twinsOf(first).map((twin) => `${twin}.${second}.${third}`),
      ...twinsOf(second).map((twin) => `${first}.${twin}.${third}`),
      ...twinsOf(third).map((twin) => `${first}.${second}.${twin}`),
    ]
    expect(twinsOf(first).length * twinsOf(second).length * twinsOf(third).length).toBeGreaterThanOrEqual(27)
    // Before the token itself is known, and after.
    for (const twin of spellings) expect(await one.server.verify(twin)).toMatchObject({ reason: 'token_malformed' })
    await expectAccepted(one, good)
    await expectRefused(one, 'token_malformed', {
      header: spellings[0]!,
      signature: spellings.at(-1)!,
      'another signature': spellings.at(-2)!,
      padded: `${good}=`,
      'padded twice': `${good}==`,
    })
    await expectRefused(one, 'signature_invalid', { 'with a character too many': `${good}A` })
    // What is kept, and what is revoked, is therefore one thing.
    expect(one.server.status().caches.jwts.entries).toBe(1)
    await one.server.revoke({ token: good })
    await expectRefused(one, 'token_revoked', { revoked: good })
    await expectRefused(one, 'token_malformed', { header: spellings[0]! })
  }
})

/** An unsigned number as DER. */
const integer = (number: Uint8Array): Buffer => {
  const bare = Buffer.from(
    Buffer.from(number)
      .toString('hex')
      .replace(/^(?:00)+/, ''),
    'hex',
  )
  const positive = bare[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), bare]) : bare
  return Buffer.concat([Buffer.from([2, positive.length]), positive])
}

/** A raw ECDSA signature as DER. */
function derOf(raw: Uint8Array): Buffer {
  const half = raw.length / 2
  const body = Buffer.concat([integer(raw.subarray(0, half)), integer(raw.subarray(half))])
  const length = body.length < 0x80 ? [body.length] : [0x81, body.length]
  return Buffer.concat([Buffer.from([0x30, ...length]), body])
}

verifies('NG-19', 'refuses ECDSA signatures in DER, of another size, or by another curve', async (face) => {
  const names = ['ES256', 'ES384', 'ES512'] as const
  const as = await publishing(names.map((alg) => jwkFor(alg)))
  const one = await api(face, { as, options: { jwt: { algorithms: names } } })
  const claims = claimsOf(as)
  const forged = (alg: ForgedAlgorithm, kid: ForgedAlgorithm, signer: Signer): string =>
    jws(headerFor(alg, { kid }), claims, signer)
  for (const alg of names) {
    await expectAccepted(one, forged(alg, alg, signerFor(alg)))
    await expectRefused(one, 'signature_invalid', {
      [`${alg} in DER`]: forged(alg, alg, (signed) => derOf(signerFor(alg)(signed))),
      [`${alg} in DER, padded to size`]: forged(alg, alg, (signed) => {
        const der = derOf(signerFor(alg)(signed))
        return Buffer.concat([der, Buffer.alloc(140)]).subarray(0, 2 * CURVES[alg][0])
      }),
    })
    for (const other of names.filter((name) => name !== alg)) {
      const sized = (signed: Buffer): Buffer => {
        const [have, want] = [CURVES[other][0], CURVES[alg][0]]
        const raw = Buffer.from(signerFor(other)(signed))
        const fit = (half: Buffer): Buffer => Buffer.concat([Buffer.alloc(100), half]).subarray(-want)
        return Buffer.concat([fit(raw.subarray(0, have)), fit(raw.subarray(have))])
      }
      await expectRefused(one, 'signature_invalid', {
        [`${other} signature as ${alg}`]: forged(alg, alg, signerFor(other)),
        [`${other} signature as ${alg}, resized`]: forged(alg, alg, sized),
      })
      await expectRefused(one, 'key_unfit', { [`${alg} with the key of ${other}`]: forged(alg, other, signerFor(alg)) })
    }
  }
  // The right kid over a key of another curve: no key at all.
  const wrong = await publishing([jwkFor('ES384', { kid: 'ES256', alg: 'ES256' }), jwkFor('ES256', { kid: 'other' })])
  const two = await api(face, { as: wrong })
  await expectRefused(two, 'key_unknown', { 'P-384 published as ES256': forged('ES256', 'ES256', signerFor('ES384')) })
})
