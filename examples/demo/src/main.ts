import process from 'node:process'
import { type Demo, startDemo } from './demo.ts'
import { CALLER } from './names.ts'
import type { Outlet } from './outlet.ts'
import { startSwitchboard } from './switchboard.ts'
import { allHeld, summary, tablePrinter } from './table.ts'
import { takeTour } from './tour.ts'

const USAGE = `usage: demo [--once]

  without a flag  starts an authorization server, an Express API and a Koa API, and keeps them up until Ctrl-C
  --once          runs a tour of what they promise; exits with 0 if every expectation held, else with 1
`

const PORTS = { express: 3000, koa: 3001, authorizationServer: 4000, introspection: 4001 }
const SWITCHBOARD_PORT = 4002

const flags = process.argv.slice(2).filter((flag) => flag !== '--')
if (flags.length === 0) void stayUp()
else if (flags.join() === '--once') void once()
else {
  process.stderr.write(USAGE)
  process.exitCode = 2
}

async function once(): Promise<void> {
  const started = performance.now()
  // Bad tokens come on purpose here, so advice about them would only confuse: the observer takes it and says nothing.
  const demo = await startDemo({ observe: () => undefined })
  try {
    console.log('The same requests to two APIs, over HTTP; oidc-provider is the authorization server.')
    console.log('Both ask again about an opaque token after 1 s, so that nobody waits long; the default is 60 s.')
    const steps = await takeTour(demo, tablePrinter(console.log))
    console.log(`\n${summary(steps, (performance.now() - started) / 1_000)}`)
    process.exitCode = allHeld(steps) ? 0 : 1
  } finally {
    await demo.close()
  }
}

async function stayUp(): Promise<void> {
  const demo = await startDemo({ ports: PORTS })
  const switchboard = await startSwitchboard(demo.authorizationServer, SWITCHBOARD_PORT)
  console.log(await instructions(demo, switchboard))

  const stop = async (): Promise<void> => {
    await Promise.all([switchboard.unplug(), demo.close()])
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
}

/** An address, and why it is not the usual one. */
function at({ url, takenPort }: { readonly url: string; readonly takenPort: number | undefined }): string {
  return takenPort === undefined ? url : `${url}  (port ${takenPort} is taken)`
}

async function instructions({ authorizationServer, client, express, koa }: Demo, switchboard: Outlet): Promise<string> {
  const { issuer, main, introspection } = authorizationServer
  const scopes = 'orders:read refunds:write'
  return `
authorization server  ${at(main)}
its introspection     ${at(introspection)}
Express API           ${at(express)}
Koa API               ${at(koa)}
switchboard           ${at(switchboard)}

Paste these into your shell: tokens, good for ten minutes.

JWT=${await client.token('https://api.example.com', scopes)}
OPAQUE=${await client.token('https://api.example.com/opaque', scopes)}
UNSEEN=${await client.token('https://api.example.com/opaque', scopes)}

Use them:

curl -i -H "Authorization: Bearer $JWT" ${express.url}/orders
curl -i -H "Authorization: Bearer $OPAQUE" ${koa.url}/orders
curl -i -X POST -H "Authorization: Bearer $OPAQUE" ${koa.url}/refunds

Be refused:

curl -i ${express.url}/orders
curl -i -X POST -H "Authorization: Bearer $JWT" ${koa.url}/orders

Unplug introspection, and use $OPAQUE again after a second: it goes on working, now with "stale":true. (This demo asks
again about a token after 1 s, so that you need not wait; the default is 60 s.)

curl -X POST ${switchboard.url}/unplug
sleep 1; curl -i -H "Authorization: Bearer $OPAQUE" ${koa.url}/orders

A token that was never seen gets 503, and so do refunds once the last answer is 5 s old. Nobody gets 401.

curl -i -H "Authorization: Bearer $UNSEEN" ${koa.url}/orders
sleep 5; curl -i -X POST -H "Authorization: Bearer $OPAQUE" ${koa.url}/refunds
curl -X POST ${switchboard.url}/plug-in

Further switches: /unplug-all, /rotate. Another token:

curl -u ${CALLER.id}:${CALLER.secret} -d grant_type=client_credentials -d scope=orders:read \\
  -d resource=https://api.example.com/opaque ${issuer}/token

This is process ${process.pid}; stop it with Ctrl-C or: kill ${process.pid}`
}
