import { Socket } from 'node:net'

const LAST = Symbol('holdfast.last')

/** A token that was found good, with its key. */
export interface Remembered {
  readonly token: string
  readonly digest: string
}

interface Remembering {
  [LAST]?: Memory
}

/** What is known of the last token: its key, and the token once it came a second time. */
interface Memory {
  digest: string
  last: WeakRef<Remembered> | undefined
}

/**
 * The last good token of a connection. A client that keeps its connection sends the same token again and again: comparing
 * it takes a tenth of its digest, which is half of a check, and 6 µs in a busy server. Nothing is kept alive for it: what
 * is remembered belongs to the request that brought it, and goes when the garbage collector finds that request. None for
 * what is no socket of Node, such as the stand-ins of HTTP/2 and of platforms.
 */
export function lastOver(socket: unknown): Remembered | undefined {
  return socket instanceof Socket ? (socket as Remembering)[LAST]?.last?.deref() : undefined
}

/**
 * Has a connection remember. A token that comes for the first time may be one of many, as over a proxy's connection: for
 * that its key is enough, and spares the garbage collector a weak reference.
 */
export function rememberOver(socket: unknown, last: Remembered): void {
  if (!(socket instanceof Socket)) return
  const { digest } = last
  const memory = (socket as Remembering)[LAST]
  // Who prints a socket must not print a token.
  if (!memory) Object.defineProperty(socket, LAST, { value: { digest, last: undefined }, enumerable: false })
  else {
    memory.last = memory.digest === digest ? new WeakRef(last) : undefined
    memory.digest = digest
  }
}
