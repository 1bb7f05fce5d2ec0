import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Frame, LabState } from '../frame.ts'
import type { Camera } from '../frames/camera.ts'

/** A comment so often, in milliseconds, keeps the connection alive and finds out who has gone. */
const HEARTBEAT = 15_000
/** Pages that watch at once. */
const MAX_READERS = 16
/** Octets that a page may be behind. It is cut off, comes back, and gets what it missed. */
const MAX_BEHIND = 8_388_608

/** Sends frames to the pages that watch: `text/event-stream`. */
export class EventStream {
  readonly #camera: Camera
  readonly #state: () => LabState
  readonly #readers = new Set<ServerResponse>()
  readonly #heartbeat: NodeJS.Timeout
  readonly #unwatch: () => void

  constructor(camera: Camera, state: () => LabState) {
    this.#camera = camera
    this.#state = state
    this.#unwatch = camera.watch((frame) => this.#send(this.#event(frame)))
    this.#heartbeat = setInterval(() => this.#send(':\n\n'), HEARTBEAT)
  }

  join(request: IncomingMessage, response: ServerResponse): void {
    if (this.#readers.size >= MAX_READERS) return void response.writeHead(503).end()
    this.#readers.add(response)
    response.once('close', () => this.#readers.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const state = this.#state()
    response.write(`retry: 1000\nevent: hello\ndata: ${JSON.stringify(state)}\n\n`)
    for (const frame of this.#missed(request.headers['last-event-id'], state.run)) response.write(this.#event(frame))
  }

  close(): void {
    clearInterval(this.#heartbeat)
    this.#unwatch()
    for (const reader of this.#readers) reader.destroy()
  }

  #missed(last: string | string[] | undefined, run: string): readonly Frame[] {
    const { all } = this.#camera.history
    const seen = typeof last === 'string' && last.startsWith(`${run}-`) ? Number(last.slice(run.length + 1)) : 0
    return all.filter(({ seq }) => !(seq <= seen))
  }

  #event(frame: Frame): string {
    return `id: ${this.#state().run}-${frame.seq}\nevent: frame\ndata: ${JSON.stringify(frame)}\n\n`
  }

  #send(text: string): void {
    for (const reader of this.#readers) {
      if (reader.writableLength > MAX_BEHIND) reader.destroy()
      else reader.write(text)
    }
  }
}
