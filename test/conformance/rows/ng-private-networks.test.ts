import { type AddressInfo, createServer } from 'node:net'
import { isPublicAddress } from '#core/syntax/address'
import { createResourceServer, undiciHttp } from '@holdfast/core'
import { expect, onTestFinished } from 'vitest'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

type Found = readonly { readonly address: string; readonly family: number }[]

const v4 = (address: string): { readonly address: string; readonly family: number } => ({ address, family: 4 })
const v6 = (address: string): { readonly address: string; readonly family: number } => ({ address, family: 6 })

/** What a name server of an attacker may answer, one after the other. */
const ANSWERS: readonly Found[] = [
  [v4('127.0.0.1')],
  [v4('127.0.0.2')],
  [v4('0.0.0.0')],
  [v6('::1')],
  [v6('::ffff:127.0.0.1')],
  [v6('::ffff:7f00:1')],
  [v4('169.254.169.254')],
  [v4('10.0.0.1'), v4('127.0.0.1')],
  [v6('fe80::1'), v4('127.0.0.1')],
  [],
]

verifies(
  'NG-84',
  'connects to no private address, whatever a name leads to from one moment to the next',
  async (face) => {
    let connections = 0
    const trap = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void trap.close())
    const { port } = trap.address() as AddressInfo

    let looked = 0
    const http = undiciHttp({
      connections: 1,
      connectTimeout: 500,
      lookup: (_name, options, done) => {
        const found = ANSWERS[looked % ANSWERS.length]!
        looked += 1
        if (options.all === true) (done as (error: null, found: Found) => void)(null, found)
        else done(null, found[0]?.address ?? '', found[0]?.family ?? 4)
      },
    })
    for (let answer = 0; answer < ANSWERS.length; answer += 1) {
      const issuer = `https://rebinding-${answer}.test:${port}`
      const { as, get, handled } = await api(face, {
        server: (_, observe) =>
          createResourceServer({
            issuer,
            audience: AUDIENCE,
            denyPrivateNetworks: true,
            ports: { http: { send: (request) => http.send(request), close: async () => undefined } },
            observe,
          }),
      })
      const reply = await get('/', as.jwt({ claims: { iss: issuer, exp: 9_999_999_999 } }))
      expect([ANSWERS[answer], reply.status]).toEqual([ANSWERS[answer], 503])
      expect(handled()).toBe(0)
    }
    expect(looked).toBeGreaterThanOrEqual(ANSWERS.length)
    expect(connections).toBe(0)
    await http.close()
  },
)

verifies('NG-84', 'knows private addresses in every spelling', () => {
  const inside = [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '224.0.0.1',
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '::FFFF:0A00:0001',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '2002:0a00:0001::',
    '2001:0:7f00:1::',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    // Neither is what is no address at all: nothing is guessed.
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '127.1',
    'localhost',
    '',
    '8.8.8.8 ',
  ]
  for (const address of inside) expect([address, isPublicAddress(address)]).toEqual([address, false])
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    expect([address, isPublicAddress(address)]).toEqual([address, true])
  }
})
