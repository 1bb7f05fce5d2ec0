import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'

const PAGE = new URL('../../page/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Small letters, digits and hyphens, in folders or not: nothing here leads anywhere else. */
const NAME = /^\/(?:[a-z0-9-]+\/)*[a-z0-9-]+\.(?<type>html|css|js|svg)$/

/** Answers with a file of the page, or 404. */
export async function serveFile(path: string, response: ServerResponse): Promise<void> {
  const name = path === '/' ? '/index.html' : path
  const type = NAME.exec(name)?.groups?.['type']
  const content = type === undefined ? undefined : await readFile(new URL(`.${name}`, PAGE)).catch(() => undefined)
  if (content) response.writeHead(200, { 'content-type': TYPES[type!]! }).end(content)
  else response.writeHead(404).end()
}
