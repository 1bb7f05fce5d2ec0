import type { RequestListener } from 'node:http'
import type { default as Provider } from 'oidc-provider'
import { openDoor } from '../door.ts'
import { ORDERS_API, SCOPE, WEB_SHOP } from '../names.ts'
import { configuration, type Deployment, issuedFor, type TokenFormat } from './configuration.ts'
import { importOidcProvider } from './quiet-import.ts'
import { signingKey } from './signing-key.ts'
import { memoryStore } from './store.ts'
import { countTraffic, noTraffic, type Traffic } from './traffic.ts'

/** A user who logged in: what the authorization server remembers of it. */
export interface Login {
  readonly subject: string
  readonly grantId: string
}

/** A real authorization server: `oidc-provider`, unmodified, on a real socket. */
export interface AuthorizationServer {
  /** Its issuer identifier, and its address. */
  readonly issuer: string
  readonly traffic: Readonly<Traffic>
  login(subject: string): Promise<Login>
  /** An access token of this user. @param lifetime In seconds. */
  mint(login: Login, format: TokenFormat, lifetime: number): Promise<string>
  /** Ends the user's grant, and with it the opaque tokens. JWTs are out in the world: nobody here can end them. */
  revoke(login: Login): Promise<void>
  /** Publishes a new key and signs with it. The old ones stay published. */
  rotateKeys(): Promise<void>
  /** Publishes only the key that signs now. */
  withdrawOldKeys(): void
  /** Whether the APIs' credentials are the right ones: `false` is a secret that was changed here and not there. */
  knowApis(known: boolean): void
  close(): Promise<void>
}

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const { Provider: OidcProvider } = await importOidcProvider()
  const traffic = noTraffic()
  let generation = 1
  let deployment: Deployment = {
    keys: [await signingKey(generation)],
    apiSecret: ORDERS_API.secret,
    store: memoryStore(),
  }
  let provider: Provider
  let handler: RequestListener
  const door = await openDoor((request, response) => handler(request, response))

  /** A deployment with other keys or secrets is a new configuration on the same store. */
  function deploy(change: Partial<Deployment>): void {
    deployment = { ...deployment, ...change }
    provider = new OidcProvider(door.url, configuration(deployment))
    countTraffic(provider, traffic)
    const callback = provider.callback()
    handler = (request, response) => void callback(request, response)
  }
  deploy({})

  return {
    issuer: door.url,
    traffic,
    async login(subject) {
      const grantId = await new provider.Grant({ accountId: subject, clientId: WEB_SHOP.id }).save()
      return { subject, grantId }
    },
    async mint({ subject, grantId }, format, lifetime) {
      const client = (await provider.Client.find(WEB_SHOP.id))!
      const issued = issuedFor(format, deployment.keys[0].kid, lifetime)
      const token = new provider.AccessToken({
        accountId: subject,
        client,
        grantId,
        gty: 'authorization_code',
        scope: SCOPE,
        resourceServer: new provider.ResourceServer(issued.audience!, issued),
      })
      return token.save()
    },
    async revoke({ grantId }) {
      const grant = await provider.Grant.find(grantId)
      await grant?.destroy()
      await provider.AccessToken.revokeByGrantId(grantId)
    },
    async rotateKeys() {
      generation += 1
      deploy({ keys: [await signingKey(generation), ...deployment.keys] })
    },
    withdrawOldKeys: () => deploy({ keys: [deployment.keys[0]] }),
    knowApis: (known) => deploy({ apiSecret: known ? ORDERS_API.secret : `${ORDERS_API.secret}-changed` }),
    close: () => door.close(),
  }
}
