import { connect, type Socket } from 'node:net'

const TWO = 0x32
const ZERO = 0x30

/** One keep-alive connection that has at most one request on its way. */
export class Connection {
  /** Hears the status of every answer. */
  onAnswer: (status: number) => void = () => undefined
  /** Hears that the connection is gone. */
  onLoss: (error: Error) => void = () => undefined
  readonly #socket: Socket
  /** What came of an answer so far, where it was not like the one before. */
  #begun = ''
  /** Octets of the last good answer. */
  #usual = 0

  static async open(port: number): Promise<Connection> {
    const connection = new Connection(port)
    await new Promise<void>((resolve, reject) => {
      connection.#socket.once('connect', resolve)
      connection.onLoss = reject
    })
    return connection
  }

  constructor(port: number) {
    const onread = {
      buffer: Buffer.allocUnsafe(16_384),
      callback: (length: number, octets: Uint8Array): boolean => {
        this.#read(length, octets)
        return true
      },
    }
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    this.#socket.on('error', (error) => this.onLoss(error))
    this.#socket.on('close', () => this.onLoss(new Error('the server closed a connection')))
  }

  send(request: Buffer): void {
    this.#socket.write(request)
  }

  end(): void {
    this.onLoss = () => undefined
    this.#socket.destroy()
  }

  /** An answer as long as the one before, with status 200, is another of the same; anything else is read properly. */
  #read(length: number, octets: Uint8Array): void {
    if (this.#begun === '' && length === this.#usual && isOk(octets)) {
      this.onAnswer(200)
      return
    }
    this.#begun += Buffer.from(octets.buffer, octets.byteOffset, length).toString('latin1')
    const head = this.#begun.indexOf('\r\n\r\n')
    if (head === -1) return
    const body = /\r\ncontent-length: *(\d+)/i.exec(this.#begun.slice(0, head))?.[1]
    if (body === undefined) {
      this.onLoss(new Error('an answer without Content-Length'))
      return
    }
    const whole = head + 4 + Number(body)
    if (this.#begun.length < whole) return
    const status = Number(this.#begun.slice(9, 12))
    this.#usual = status === 200 ? whole : 0
    this.#begun = ''
    this.onAnswer(status)
  }
}

/** `HTTP/1.1 200`; the rest of the line before it is the same in every answer. */
function isOk(octets: Uint8Array): boolean {
  return octets[9] === TWO && octets[10] === ZERO && octets[11] === ZERO
}
