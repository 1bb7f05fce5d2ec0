import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import type { LetIn } from './variant.ts'

export interface ExpressApiOptions {
  /** Lets requests with a good token pass. */
  readonly protect: RequestHandler
  readonly letInBy: (request: Request, response: Response) => LetIn
  /** Everything that is not protected, such as `/metrics`. */
  readonly open?: Readonly<Record<string, RequestHandler>>
}

/** The API, whatever protects it. */
export function expressApi({ protect, letInBy, open = {} }: ExpressApiOptions): Express {
  const app = express()
  // The load generator says whom it speaks for, as a reverse proxy on the same machine would.
  app.set('trust proxy', 'loopback')
  for (const [path, handler] of Object.entries(open)) app.get(path, handler)
  app.use(protect)
  app.get('/orders', (request, response) => {
    response.json(letInBy(request, response))
  })
  return app
}
