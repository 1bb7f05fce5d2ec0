import { Socket } from 'node:net'

const LAST = Symbol('holdfast.last')

/** A token that was found good, with its key. */
export interface Remembered {
  readonly token: string
  readonly digest: string
}

interface Remembering {
  [LAST]?: WeakRef<Remembered>
}

/**
 * The last good token of a connection. A client that keeps its connection sends the same token again and again: comparing
 * it takes a tenth of its digest, which is half of a check, and 6 µs in a busy server. Nothing is kept alive for it: what
 * is remembered belongs to the request that brought it, and goes when the garbage collector finds that request. None for
 * what is no socket of Node, such as the stand-ins of HTTP/2 and of platforms.
 */
export function lastOver(socket: unknown): Remembered | undefined {
  return socket instanceof Socket ? (socket as Remembering)[LAST]?.deref() : undefined
}

/** Has a connection remember. */
export function rememberOver(socket: unknown, last: Remembered): void {
  if (!(socket instanceof Socket)) return
  const value = new WeakRef(last)
  // Who prints a socket must not print a token.
  if (!(LAST in socket)) Object.defineProperty(socket, LAST, { value, writable: true, enumerable: false })
  else (socket as Remembering)[LAST] = value
}
